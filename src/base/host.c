#include "base/host.h"

#include "base/struct_size.h"

#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct lim_host current;

#define HOST_FIRST SIZE_UP_TO(struct lim_host, keep_clblast)

void lim_host_init(struct lim_host *host, size_t struct_size)
{
    static const struct lim_host zero = {0};

    base_struct_give(host, struct_size, HOST_FIRST, &zero, sizeof zero, "lim_host");
}

void lim_host_set(const struct lim_host *host)
{
    struct lim_host full;

    if (!base_struct_take(&full, sizeof full, HOST_FIRST, host, "lim_host"))
        return;
    pthread_mutex_lock(&lock);
    current = full;
    pthread_mutex_unlock(&lock);
}

struct lim_host lim_host_get(void)
{
    struct lim_host host;

    pthread_mutex_lock(&lock);
    host = current;
    pthread_mutex_unlock(&lock);
    return host;
}
