#include "options.h"

#include "conform.h"

#include <limner/limner.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "Usage: limner-conform [options]\n"
    "Checks every operation of a device against a reference in double, and against the CPU path.\n"
    "\n"
    "  --platform P   index or part of an OpenCL platform's name (or LIMNER_PLATFORM)\n"
    "  --device D     as for limner; 'cpu' is the CPU path (or LIMNER_DEVICE; default: the best\n"
    "                 OpenCL device of any type)\n"
    "  --gemm NAME    use this matrix multiplication (default: 'gemm' by each, others by the "
    "first)\n"
    "  --conv NAME    convolutions by this algorithm alone (default: each by all that do it)\n"
    "  --threads N    threads of the CPU path\n"
    "  --wait-timeout S  seconds that the device may take to answer a call, or to compile; 0: any\n"
    "                 (default: 600)\n"
    "  --op NAME      only operations whose names begin so; or several, NAME,NAME...\n"
    "  --case N       only this case of each\n"
    "  --small        only cases that a simulator can run\n"
    "  --long         with --small: and those with the longest sums\n"
    "  --once         each case once, on floats alone: a quarter of the work, for simulators\n"
    "  --seed S       base of every case's random numbers (default: 1)\n"
    "  --bench        time the operations instead, on the shapes of a DCGAN (with --small or\n"
    "                 --case: on those)\n"
    "  --json         an object a line instead of the table (tests/conform.md)\n"
    "  --list         print the cases and end\n"
    "  --help, --version\n"
    "\n"
    "Exit codes: 0 everything conforms, 2 usage, 3 no such device, 4 the device failed,\n"
    "5 something does not conform, 77 there is no OpenCL device.\n";

static const char *const words[] = {
    "--platform", "--device", "--gemm", "--conv",    "--threads",      "--op",
    "--case",     "--small",  "--long", "--once",    "--seed",         "--bench",
    "--json",     "--list",   "--help", "--version", "--wait-timeout",
};

/* Letters to insert, delete or replace (Levenshtein 1965). */
static int distance(const char *a, const char *b)
{
    int row[64], la = (int)strlen(a), lb = (int)strlen(b);

    if (lb >= COUNT_OF(row))
        return lb;
    for (int j = 0; j <= lb; j++)
        row[j] = j;
    for (int i = 1; i <= la; i++) {
        int diagonal = row[0];

        row[0] = i;
        for (int j = 1; j <= lb; j++) {
            int best = diagonal + (a[i - 1] != b[j - 1]);

            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            if (row[j] + 1 < best)
                best = row[j] + 1;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[lb];
}

const char *nearest(const char *word, const char *const *names, int count)
{
    const char *best = names[0];

    for (int i = 1; i < count; i++)
        if (distance(word, names[i]) < distance(word, best))
            best = names[i];
    return best;
}

static bool whole_number(const char *text, uint64_t most, uint64_t *value)
{
    char *end;

    errno = 0;
    *value = strtoull(text, &end, 10);
    return *text >= '0' && *text <= '9' && !*end && !errno && *value <= most;
}

/* A word that takes a value; false after a line. */
static bool take(struct options *opt, const char *word, const char *value)
{
    uint64_t number = 0;
    bool numeric = true;

    if (strcmp(word, "--platform") == 0) {
        opt->choice.platform = value;
    } else if (strcmp(word, "--device") == 0) {
        opt->choice.device = value;
    } else if (strcmp(word, "--gemm") == 0) {
        opt->gemm = value;
    } else if (strcmp(word, "--conv") == 0) {
        opt->conv = value;
    } else if (strcmp(word, "--op") == 0) {
        opt->op = value;
    } else if (strcmp(word, "--seed") == 0) {
        numeric = whole_number(value, UINT64_MAX, &opt->seed);
    } else if (strcmp(word, "--threads") == 0) {
        numeric = whole_number(value, INT_MAX, &number);
        opt->choice.threads = (int)number;
    } else if (strcmp(word, "--wait-timeout") == 0) {
        numeric = whole_number(value, INT_MAX, &number);
        opt->choice.wait_timeout = (double)number;
    } else { /* --case */
        numeric = whole_number(value, INT_MAX, &number);
        opt->only = (int)number;
    }
    if (!numeric)
        fprintf(stderr, "limner-conform: %s '%s': not a whole number in range\n", word, value);
    return numeric;
}

/* A word that takes none; false where the program ends with it. */
static bool set(struct options *opt, const char *word)
{
    if (strcmp(word, "--small") == 0) {
        opt->small = true;
    } else if (strcmp(word, "--long") == 0) {
        opt->longest = true;
    } else if (strcmp(word, "--once") == 0) {
        opt->once = true;
    } else if (strcmp(word, "--bench") == 0) {
        opt->bench = true;
    } else if (strcmp(word, "--json") == 0) {
        opt->json = true;
    } else if (strcmp(word, "--list") == 0) {
        opt->list = true;
    } else if (strcmp(word, "--help") == 0) {
        fputs(usage, stdout);
        return false;
    } else { /* --version */
        printf("limner-conform %s\n", lim_version());
        return false;
    }
    return true;
}

static bool takes_value(const char *word)
{
    static const char *const with[] = {"--platform", "--device",  "--gemm",
                                       "--conv",     "--threads", "--op",
                                       "--case",     "--seed",    "--wait-timeout"};

    for (int i = 0; i < COUNT_OF(with); i++)
        if (strcmp(word, with[i]) == 0)
            return true;
    return false;
}

static bool is_known(const char *word)
{
    for (int i = 0; i < COUNT_OF(words); i++)
        if (strcmp(word, words[i]) == 0)
            return true;
    return false;
}

bool options_read(struct options *opt, int argc, char **argv, int *status)
{
    *opt = (struct options){.only = -1, .seed = 1, .choice.wait_timeout = 600};
    opt->choice.platform = getenv("LIMNER_PLATFORM");
    opt->choice.device = getenv("LIMNER_DEVICE");
    *status = LIM_USAGE;
    for (int i = 1; i < argc; i++) {
        char word[32];
        const char *equals = strchr(argv[i], '=');
        size_t length = equals ? (size_t)(equals - argv[i]) : strlen(argv[i]);

        /* "--op=gemm" is "--op gemm". */
        snprintf(word, sizeof word, "%.*s", (int)length, argv[i]);
        if (!is_known(word)) {
            fprintf(stderr, "limner-conform: unknown option '%s'; did you mean %s?\n", argv[i],
                    nearest(word, words, COUNT_OF(words)));
            return false;
        }
        if (takes_value(word)) {
            const char *value = equals ? equals + 1 : argv[++i];

            if (!value) {
                fprintf(stderr, "limner-conform: %s needs a value\n", word);
                return false;
            }
            if (!take(opt, word, value))
                return false;
        } else if (equals) {
            fprintf(stderr, "limner-conform: %s takes no value\n", word);
            return false;
        } else if (!set(opt, word)) {
            *status = LIM_OK;
            return false;
        }
    }
    return true;
}
