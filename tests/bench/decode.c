/* How many pictures a second become what the network sees, and how soon the second start has them.
 *
 *     bench-decode PICTURES [--size 64] [--threads 2] [--cache FILE]
 *
 * One line: pictures, seconds, pictures a second. With --cache a second line for the warm start. */
#include <limner/limner.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bool measure(const char *path, const struct lim_dataset_config *config, const char *what)
{
    double start = now(), seconds;
    struct lim_dataset *ds = lim_dataset_open(path, config, NULL);

    if (!ds)
        return false;
    seconds = now() - start;
    printf("%s %d pictures %.3f s %.0f /s\n", what, lim_dataset_count(ds), seconds,
           lim_dataset_count(ds) / seconds);
    lim_dataset_destroy(ds);
    return true;
}

int main(int argc, char **argv)
{
    struct lim_dataset_config config = {.size = 64, .channels = 3, .threads = 2};

    if (argc < 2 || argc % 2) {
        fprintf(stderr, "usage: bench-decode PICTURES [--size N] [--threads N] [--cache FILE]\n");
        return LIM_USAGE;
    }
    for (int i = 2; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--size") == 0)
            config.size = atoi(argv[i + 1]);
        else if (strcmp(argv[i], "--threads") == 0)
            config.threads = atoi(argv[i + 1]);
        else if (strcmp(argv[i], "--cache") == 0)
            config.cache_file = argv[i + 1];
    }
    if (config.cache_file)
        unlink(config.cache_file);
    if (!measure(argv[1], &config, "cold"))
        return LIM_BAD_INPUT;
    return !config.cache_file || measure(argv[1], &config, "warm") ? LIM_OK : LIM_BAD_INPUT;
}
