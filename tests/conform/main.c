/* limner-conform: does a device compute every operation as it is defined? */
#include "conform.h"

#include "options.h"

#include "base/nearest.h"

#include <dlfcn.h>
#include <limner/bench.h>
#include <limner/log.h>
#include <limner/status.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_SKIPPED = 77 }; /* test runners take this for "not tested" */

static const struct {
    const struct conform_op *ops;
    const int *count;
} families[] = {
    {conform_gemm, &conform_gemm_count},           {conform_conv, &conform_conv_count},
    {conform_norm, &conform_norm_count},           {conform_fused, &conform_fused_count},
    {conform_pointwise, &conform_pointwise_count}, {conform_loss, &conform_loss_count},
    {conform_scale, &conform_scale_count},         {conform_own, &conform_own_count},
};

static void to_stderr(void *user, enum lim_log_level level, const char *message)
{
    static const char *const words[] = {"error: ", "warning: ", "", ""};

    (void)user;
    fprintf(stderr, "limner-conform: %s%s\n", words[level], message);
}

/* Does `name` have one of these prefixes, separated by commas? */
static bool begins(const char *name, const char *list)
{
    for (;;) {
        size_t length = strcspn(list, ",");

        if (length && strncmp(name, list, length) == 0)
            return true;
        if (!list[length])
            return false;
        list += length + 1;
    }
}

static bool wanted(const struct options *opt, const struct conform_op *op, int i)
{
    unsigned flags = op->flags(i);

    if (opt->op && !begins(op->name, opt->op))
        return false;
    if (opt->only >= 0)
        return i == opt->only;
    if (opt->small && !(flags & CASE_SMALL) && !(opt->longest && flags & CASE_LONG))
        return false;
    return opt->list || opt->small || opt->bench == !!(flags & CASE_BENCH);
}

/* Calls `fn` for each operation. */
static int for_each(int (*fn)(void *user, const struct conform_op *op), void *user)
{
    int sum = 0;

    for (int f = 0; f < COUNT_OF(families); f++)
        for (int k = 0; k < *families[f].count; k++)
            sum += fn(user, &families[f].ops[k]);
    return sum;
}

struct program {
    struct options opt;
    struct session s;
    const char *names[64]; /* of the operations, to suggest from */
    int name_count;
    int failed, cases;
    bool broken;
};

static int count_wanted(void *user, const struct conform_op *op)
{
    struct program *pr = user;
    int count = 0;

    pr->names[pr->name_count++ % COUNT_OF(pr->names)] = op->name;
    for (int i = 0; i < op->cases; i++)
        count += wanted(&pr->opt, op, i);
    return count;
}

static int list(void *user, const struct conform_op *op)
{
    struct program *pr = user;

    for (int i = 0; i < op->cases; i++)
        if (wanted(&pr->opt, op, i))
            report_listed(&pr->s, op, i);
    return 0;
}

static void run(struct program *pr, const struct conform_op *op, const char *gemm)
{
    struct worst worst = {0};
    int cases = 0, failed = 0;

    if (gemm && !(op->conv ? lim_backend_use_conv : lim_backend_use_gemm)(pr->s.be, gemm))
        return;
    for (int i = 0; i < op->cases && !pr->broken; i++) {
        enum outcome outcome;

        const char *conv = op->conv ? op->conv(i, pr->s.be) : NULL;

        if (!wanted(&pr->opt, op, i) || (op->conv && (!conv || strcmp(conv, gemm) != 0)))
            continue;
        cases++;
        if (pr->opt.bench) {
            pr->broken = !conform_bench(&pr->s, op, i, gemm);
            continue;
        }
        outcome = conform_case(&pr->s, op, i, gemm, &worst);
        failed += outcome == OUTCOME_FAILED;
        pr->broken = outcome == OUTCOME_BROKEN;
    }
    pr->cases += cases;
    pr->failed += failed;
    if (!pr->opt.bench && cases)
        report_op(&pr->s, op, gemm, cases, failed, pr->broken, &worst);
}

static int run_op(void *user, const struct conform_op *op)
{
    struct program *pr = user;
    const char *const *gemms = lim_backend_gemms(pr->s.be);
    const char *const *convs = lim_backend_convs(pr->s.be);

    if (op->conv) {
        for (int i = 0; convs[i]; i++)
            if (!pr->opt.conv || strcmp(pr->opt.conv, convs[i]) == 0)
                run(pr, op, convs[i]);
        return 0;
    }
    if (!op->each_gemm || pr->opt.gemm) {
        run(pr, op, pr->opt.gemm);
        return 0;
    }
    for (int i = 0; gemms[i]; i++)
        run(pr, op, gemms[i]);
    lim_backend_use_gemm(pr->s.be, gemms[0]);
    return 0;
}

static bool no_opencl_device(void)
{
    struct lim_device_info *list;
    const char *why;
    int count = lim_device_list(&list, &why), usable = 0;

    for (int i = 0; i < count; i++)
        usable += list[i].device >= 0 && list[i].usable;
    lim_device_list_free(list);
    return usable == 0;
}

static void not_there(const char *option, const char *value, const char *const *names)
{
    fprintf(stderr, "limner-conform: %s '%s': this device has", option, value);
    for (int i = 0; names[i]; i++)
        fprintf(stderr, "%s %s", i ? "," : "", names[i]);
    fputc('\n', stderr);
}

/* Ends the program: the call that waits for the device will not return. */
static void on_hang(void *user)
{
    (void)user;
    _exit(LIM_DEVICE_FAILED);
}

/* Opens the device. If the result is not 0, the program ends with it. */
static int open_device(struct program *pr)
{
    struct lim_device_choice *choice = &pr->opt.choice;
    bool any = !choice->device || !*choice->device || strcmp(choice->device, "auto") == 0;
    enum lim_status why;

    /* Unlike limner this never uses another device: it would report on that one. */
    if (any)
        choice->device = "opencl";
    any = any && (!choice->platform || !*choice->platform);
    choice->hung = on_hang;
    pr->s.be = lim_backend_create(choice, &why);
    /* A device that exists and cannot be opened is no reason to skip. */
    if (!pr->s.be && any && no_opencl_device()) {
        report_skipped(&pr->s, "there is no OpenCL device; --device cpu checks the CPU path");
        return EXIT_SKIPPED;
    }
    if (!pr->s.be)
        return (int)why;
    pr->s.choice = *choice;
    if (strcmp(lim_backend_option(pr->s.be), "--device cpu") != 0 && !pr->opt.bench) {
        struct lim_device_choice cpu = {.device = "cpu", .threads = choice->threads};

        pr->s.cpu = lim_backend_create(&cpu, &why);
        if (!pr->s.cpu)
            return (int)why;
        lim_backend_use_conv(pr->s.cpu, "lowering"); /* exact on integers */
    }
    if (pr->opt.gemm && !lim_backend_use_gemm(pr->s.be, pr->opt.gemm)) {
        not_there("--gemm", pr->opt.gemm, lim_backend_gemms(pr->s.be));
        return LIM_USAGE;
    }
    if (pr->opt.conv && !lim_backend_use_conv(pr->s.be, pr->opt.conv)) {
        not_there("--conv", pr->opt.conv, lim_backend_convs(pr->s.be));
        return LIM_USAGE;
    }
    return 0;
}

static int check_device(struct program *pr)
{
    int status = open_device(pr);

    if (status)
        return status;
    pr->s.seed = pr->opt.seed;
    pr->s.again = lim_backend_option(pr->s.be);
    report_start(&pr->s, pr->opt.bench);
    for_each(run_op, pr);
    if (pr->broken)
        return LIM_DEVICE_FAILED;
    if (pr->opt.bench)
        return LIM_OK;
    report_end(&pr->s, pr->cases, pr->failed);
    return pr->failed ? LIM_NONCONFORMING : LIM_OK;
}

/* The first prefix in `list` that no operation has, to be freed; or NULL. */
static char *find_stray(const struct program *pr, const char *list)
{
    for (;;) {
        size_t length = strcspn(list, ",");
        char *word = strndup(list, length);
        bool found = false;

        for (int i = 0; word && i < pr->name_count; i++)
            found = found || begins(pr->names[i], word);
        if (word && !found)
            return word;
        free(word);
        if (!list[length])
            return NULL;
        list += length + 1;
    }
}

/* The CPU path does not use an OpenBLAS that has threads of its own, but must be checked with
 * it. */
static void one_thread_of_openblas(void)
{
    void *all = dlopen(NULL, RTLD_LAZY),
         *address = all ? dlsym(all, "openblas_set_num_threads") : NULL;
    void (*set)(int);

    memcpy(&set, &address, sizeof set); /* as POSIX has it */
    if (set)
        set(1);
}

int main(int argc, char **argv)
{
    struct program pr = {0};
    char *stray;
    int status, count;

    one_thread_of_openblas();
    lim_tell_crashes("limner-conform");
    if (!options_read(&pr.opt, argc, argv, &status))
        return status;
    pr.s.json = pr.opt.json;
    pr.s.once = pr.opt.once;
    lim_log_set(to_stderr, NULL, LIM_LOG_WARNING);
    count = for_each(count_wanted, &pr);
    stray = pr.opt.op ? find_stray(&pr, pr.opt.op) : NULL;
    if (count == 0 || stray) {
        const char *word = stray ? stray : pr.opt.op ? pr.opt.op : "";
        const char *nearest = nearest_word(word, pr.names, pr.name_count);

        fprintf(stderr,
                "limner-conform: no such case; operations are named like '%s', and --list "
                "shows all\n",
                nearest ? nearest : pr.names[0]);
        free(stray);
        return LIM_USAGE;
    }
    if (pr.opt.list) {
        for_each(list, &pr);
        return LIM_OK;
    }
    status = check_device(&pr);
    lim_backend_destroy(pr.s.cpu);
    lim_backend_destroy(pr.s.capped);
    lim_backend_destroy(pr.s.be);
    return status;
}
