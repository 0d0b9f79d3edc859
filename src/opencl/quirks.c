#include "opencl/quirks.h"

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Platforms and devices by a part of their names. Vendor numbers are useless: PoCL on a processor
 * by AMD reports Intel's, llvmpipe zero (measured). No row needs a version: no release is known
 * that fixed any of these. */
#define POCL "Portable Computing Language"

static const struct row {
    const char *platform, *device; /* NULL: any */
    unsigned quirks;
    const char *text; /* for the user, or NULL */
} rows[] = {
    /* Wrong sums with vectors (CNugteren/CLBlast#387), OpenCL C 1.1, and no longer developed: Mesa
     * 25.2 is without it (weldr/lorax#1498). */
    {"Clover", NULL, OCL_UNUSABLE, "Clover computes wrong results: use rusticl"},
    {"Clover", NULL, OCL_NO_DEVICES, "hint: Clover is no longer developed; use rusticl"},

    /* It shows no device at all if it cannot write to its cache (measured, PoCL 3.1). */
    {POCL, NULL, OCL_NO_DEVICES, "hint: PoCL needs a writable cache directory; set POCL_CACHE_DIR"},
    /* It caches what it compiles, and compiles all kernels again to return a binary, which doubles
     * the first start (measured, PoCL 3.1). */
    {POCL, NULL, OCL_COSTLY_BINARIES | OCL_COMPILES_ON_DISK, NULL},
    /* It compiles one kernel at a time in a process, whatever threads and contexts ask:
     * precompile.h (measured, PoCL 3.1). */
    {POCL, NULL, OCL_ONE_COMPILER, NULL},

    /* It shows only hardware that a variable names (Mesa's documentation of rusticl). */
    {"rusticl", NULL, OCL_NO_DEVICES, "hint: set RUSTICL_ENABLE=radeonsi|iris|llvmpipe"},
    /* The vendor's compiler knows the hardware better: of two drivers of one card it is
     * preferred. */
    {"rusticl", NULL, OCL_SECOND_CHOICE, NULL},
    /* It silently ends a kernel's loops after 65535 rounds in all, inner ones included:
     * LP_MAX_TGSI_LOOP_ITERATIONS of Mesa (seen as wrong sums, Mesa 22.3.6). */
    {NULL, "llvmpipe", OCL_SHORT_LOOPS, NULL},

    /* Its binaries are PTX, which must still be compiled, and the driver caches the result (CUDA C
     * Programming Guide, "Just-in-Time Compilation"). */
    {"NVIDIA", NULL, OCL_NO_BINARIES, NULL},
};

static bool fits(const struct row *row, const char *platform, const char *device)
{
    return (!row->platform || text_contains(platform, row->platform)) &&
           (!row->device || text_contains(device, row->device));
}

static bool off(void)
{
    const char *set = getenv("LIMNER_QUIRKS");

    return set && strcmp(set, "off") == 0;
}

unsigned ocl_quirks(const char *platform, const char *device)
{
    unsigned quirks = 0;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (fits(&rows[i], platform, device))
            quirks |= rows[i].quirks;
    return off() ? 0 : quirks;
}

const char *ocl_quirk_text(const char *platform, const char *device, enum ocl_quirk quirk)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].quirks & quirk && rows[i].text && fits(&rows[i], platform, device))
            return off() ? "" : rows[i].text;
    return "";
}
