/* A small training within a test: a folder of its own, pictures, the lines of the log. */
#ifndef LIMNER_TESTS_TRAIN_HERE_H
#define LIMNER_TESTS_TRAIN_HERE_H

#include <limner/limner.h>

#include <stdbool.h>
#include <stddef.h>

/* What the library said since here_clear. */
struct here_log {
    int errors, warnings, infos;
    char error[2048], warning[2048], all[1 << 14];
};
extern struct here_log here_log;

extern char here_folder[]; /* of this test */
extern char here_run[];    /* the run folder in it */

/* Makes the folder and pictures; logs go to here_log. False when that failed. */
bool here_begin(void);
void here_end(void);

/* Opened once. */
struct lim_dataset *here_pictures(void);

/* 3 steps with a grid and a checkpoint after each. */
struct lim_train_config here_config(void);

void here_clear(void);
void here_remove(const char *path); /* a file or a folder, with all in it */

/* here_run/NAME, until the next call. */
const char *here_file(const char *name);
bool here_exists(const char *name);

/* The tensors' bytes of a safetensors file. The caller frees. */
unsigned char *here_tensors(const char *path, size_t *size);

/* Every file of the run folder is whole, and no temporary one is left. Names one that is not. */
const char *here_damaged(void);

#endif
