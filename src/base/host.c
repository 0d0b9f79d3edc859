#include "base/host.h"

#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct lim_host current;

void lim_host_set(const struct lim_host *host)
{
    pthread_mutex_lock(&lock);
    current = *host;
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
