/* The CPU path behind a table of operations that fail, or give wrong numbers, when told to. */
#ifndef LIMNER_TESTS_FAULTY_BACKEND_H
#define LIMNER_TESTS_FAULTY_BACKEND_H

#include "core/backend.h"

extern struct faults {
    int operation, fail_operation; /* operations and transfers so far; which one fails; 0: none */
    int allocation, fail_allocation;
    int weights, poison_weights; /* gradients of convolutions so far; which one gets a NaN ... */
    int poisons;                 /* ... and how many after it do */
    bool certain;                /* D is always right, and sure */
} faults;

/* Clears `faults`. */
struct lim_backend *faulty_backend_create(void);

#endif
