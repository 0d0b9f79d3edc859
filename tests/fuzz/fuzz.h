/* What the harnesses share. */
#ifndef LIMNER_TESTS_FUZZ_H
#define LIMNER_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* Says what is wrong, and ends in a way that libFuzzer keeps the input. */
#define FUZZ_EXPECT(condition) ((condition) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #condition))
void fuzz_fail(const char *file, int line, const char *what);

/* A folder of this process's own, removed with its files at the end. */
const char *fuzz_folder(void);

/* Removes what lies in it. */
void fuzz_clear(void);

/* "folder/name", one path at a time; fuzz_put writes the file. */
const char *fuzz_path(const char *name);
const char *fuzz_put(const char *name, const uint8_t *data, size_t size);

/* A number that follows from the bytes, to choose with: a byte for it would stand in every seed. */
unsigned fuzz_choice(const uint8_t *data, size_t size);

/* The checksum that JSON and model files of ours hold behind `mark`, in 16 digits, becomes that of
 * data[from..size-1] with zeros in its place. */
void fuzz_mend_digits(uint8_t *data, size_t size, size_t from, const char *mark);

#endif
