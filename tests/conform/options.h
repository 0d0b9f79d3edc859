/* The command line of limner-conform. */
#ifndef LIMNER_TESTS_CONFORM_OPTIONS_H
#define LIMNER_TESTS_CONFORM_OPTIONS_H

#include <limner/backend.h>
#include <stdbool.h>
#include <stdint.h>

struct options {
    struct lim_device_choice choice;
    const char *gemm, *conv, *op; /* NULL: all */
    int only;                     /* the one case to run; -1: every one */
    uint64_t seed;
    bool small, longest, once, bench, list, json;
};

/* Reads the arguments and the environment. False: the program ends now, with *status; all messages
 * have been printed. */
bool options_read(struct options *opt, int argc, char **argv, int *status);

#endif
