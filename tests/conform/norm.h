/* The cases of batch normalization, also used with an activation after it. */
#ifndef LIMNER_TESTS_CONFORM_NORM_H
#define LIMNER_TESTS_CONFORM_NORM_H

#include "conform.h"

enum { NORM_CASES = 31 };

struct norm_case {
    int n, h, w, c;
    float eps, momentum;
    double shift, sigma; /* of the data: mean in units of sigma; standard deviation */
    unsigned flags;
};
extern const struct norm_case norm_cases[NORM_CASES];

/* The operands of the three operations. */
enum { X, GAMMA, BETA, RUNNING_MEAN, RUNNING_VAR, MEAN, INV_STD, Y };
enum { GIVEN_MEAN = RUNNING_MEAN, GIVEN_VAR = RUNNING_VAR, Y_INFER };
enum { B_X, B_DY, B_GAMMA, B_MEAN, B_INV_STD, B_REST };

/* The backward pass works in place, or without gradients of gamma and beta, in some cases. */
bool norm_in_place(int i);
bool norm_frozen(int i);

unsigned norm_flags(int i);
void norm_label(int i, char *text, size_t size);
void norm_label_backward(int i, char *text, size_t size);
struct operand *norm_add_picture(struct problem *pb, int i, const char *name, enum role role);
struct operand *norm_add_vector(struct problem *pb, int i, const char *name, enum role role);
void norm_build_train(int i, struct problem *pb);
void norm_refer_train(int i, struct problem *pb);
void norm_build_infer(int i, struct problem *pb);
void norm_refer_infer(int i, struct problem *pb);
void norm_build_backward(int i, struct problem *pb);
void norm_refer_backward(int i, struct problem *pb);
struct operand *norm_dx_of(int i, struct problem *pb);

#endif
