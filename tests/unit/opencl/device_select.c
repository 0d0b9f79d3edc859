/* The grammar of --platform and --device over made-up lists of devices; hints from a made-up
 * /dev/dri. */
#include "opencl/device_select.h"
#include "opencl/hints.h"
#include "opencl/quirks.h"

#include "support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POCL "Portable Computing Language"

static struct lim_device_info row(int platform, int device, const char *platform_name,
                                  const char *name, const char *type)
{
    struct lim_device_info info = {.platform = platform, .device = device, .usable = device >= 0};

    snprintf(info.platform_name, sizeof info.platform_name, "%s", platform_name);
    snprintf(info.name, sizeof info.name, "%s", name);
    snprintf(info.type, sizeof info.type, "%s", type);
    info.compute_units = 8;
    info.clock_mhz = 1000;
    return info;
}

enum { EMPTY, CPU0, CPU1, AMD, NV, NV_AGAIN, ROWS };

static void make_list(struct lim_device_info list[ROWS])
{
    list[EMPTY] = row(0, -1, "Clover", "", "");
    list[CPU0] = row(1, 0, POCL, "pthread-skylake", "cpu");
    list[CPU1] = row(1, 1, POCL, "pthread-skylake-avx512", "cpu");
    list[AMD] = row(2, 0, "rusticl", "AMD Radeon 780M", "gpu");
    list[AMD].integrated = true;
    snprintf(list[AMD].pci, sizeof list[AMD].pci, "0000:0a:00.0");
    list[NV] = row(3, 0, "NVIDIA CUDA", "NVIDIA GeForce RTX 3090", "gpu");
    snprintf(list[NV].uuid, sizeof list[NV].uuid, "00112233445566778899aabbccddeeff");
    list[NV_AGAIN] = row(4, 0, "rusticl 2", "NVIDIA GeForce RTX 3090", "gpu");
    list[NV_AGAIN].duplicate = true;
}

static void words_choose(void **state)
{
    static const struct {
        const char *platform, *device;
        int want;
    } cases[] = {
        {NULL, "opencl", NV},
        {NULL, "gpu", NV},
        {NULL, "1:1", CPU1},
        {NULL, "4:0", NV_AGAIN}, /* by its numbers even a duplicate can be had ... */
        {"4", "gpu", NV_AGAIN},  /* ... and where the first is out of sight */
        {"4", "geforce", NV_AGAIN},
        {"rusticl 2", "opencl", NV_AGAIN},
        {NULL, "3090", -1}, /* a bare number is an index */
        {NULL, "name:3090", NV},
        {NULL, "geforce", NV},
        {NULL, "radeon", AMD},
        {NULL, "pthread-skylake", CPU0}, /* one name whole, the other only in part */
        {NULL, "skylake-avx", CPU1},
        {NULL, "uuid:00112233445566778899AABBCCDDEEFF", NV},
        {NULL, "pci:0a:00.0", AMD},
        {"1", "1", CPU1},
        {"portable", "auto", CPU0},
        {"portable", "cpu", CPU0},
        {"2", "gpu", AMD},
        {"rusticl", "gpu", NV_AGAIN},
        {"NVIDIA", "0", NV},
        {"2", "0", AMD},
    };
    struct lim_device_info list[ROWS];
    char message[1024];

    (void)state;
    make_list(list);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum lim_status why = LIM_OK;
        int found = ocl_device_select(list, ROWS, cases[i].platform, cases[i].device, message,
                                      sizeof message, &why);

        if (found != cases[i].want)
            fail_msg("--platform %s --device %s: row %d, not %d: %s",
                     cases[i].platform ? cases[i].platform : "(none)", cases[i].device, found,
                     cases[i].want, message);
    }
    assert_int_equal(ocl_choice_auto(list, ROWS), NV);
    assert_int_equal(ocl_choice_auto(list, AMD), -1); /* CPU devices only: the CPU path is better */
    assert_int_equal(ocl_choice_auto(list, NV), AMD);
}

static void words_are_refused(void **state)
{
    static const struct {
        const char *platform, *device;
        enum lim_status why;
        const char *says;
    } cases[] = {
        {NULL, "0", LIM_USAGE, "--device '0' needs --platform: 4 platforms have devices"},
        {NULL, "1:7", LIM_NO_DEVICE, "platform 1 has 2 devices (0..1)"},
        {NULL, "0:0", LIM_NO_DEVICE, "platform 0 has no devices"},
        {NULL, "9:0", LIM_NO_DEVICE, "there is no platform 9"},
        {NULL, "1x", LIM_USAGE, "'1x': not an index, P:D, uuid:, pci: or name"},
        {NULL, "-1", LIM_USAGE, "not an index"},
        {NULL, "0:0:0", LIM_USAGE, "not an index"},
        {NULL, "", LIM_USAGE, "not an index"},
        {NULL, "99999999999999999999", LIM_USAGE, "not an index"},
        {NULL, "abc", LIM_NO_DEVICE, "no device matches; 5 devices are available: 1:0 \""},
        {NULL, "uuid:12", LIM_NO_DEVICE, "no device matches"},
        {NULL, "name:", LIM_NO_DEVICE, "no device matches"},
        {NULL, "skylake", LIM_NO_DEVICE, "is ambiguous: matches 1:0 \"pthread-skylake\", 1:1"},
        {NULL, "accelerator", LIM_NO_DEVICE, "no device matches"},
        {"0", "0", LIM_NO_DEVICE, "platform 0 \"Clover\" has no devices"},
        {"7", "0", LIM_NO_DEVICE, "no platform matches; there are: 0 \"Clover\""},
        {"vulkan", "gpu", LIM_NO_DEVICE, "no platform matches"},
        {"portable", "gpu", LIM_NO_DEVICE, "no device matches"},
        {"portable", "2:0", LIM_USAGE, "does not lie in --platform"},
        {"rusticl", "0", LIM_USAGE, "names 2 platforms"},
    };
    struct lim_device_info list[ROWS];
    char message[1024];

    (void)state;
    make_list(list);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum lim_status why = LIM_OK;
        int found = ocl_device_select(list, ROWS, cases[i].platform, cases[i].device, message,
                                      sizeof message, &why);

        if (found != -1 || why != cases[i].why || !strstr(message, cases[i].says))
            fail_msg("--platform %s --device %s: row %d, status %d: %s",
                     cases[i].platform ? cases[i].platform : "(none)", cases[i].device, found, why,
                     message);
    }
}

/* One card, shown by rusticl first: its maker's driver is better, at any place in the list. */
static void a_card_is_driven_by_the_better_driver(void **state)
{
    struct lim_device_info list[ROWS];
    enum lim_status why;
    char message[1024];

    (void)state;
    make_list(list);
    snprintf(list[NV].platform_name, sizeof list[NV].platform_name, "rusticl");
    snprintf(list[NV_AGAIN].platform_name, sizeof list[NV_AGAIN].platform_name, "NVIDIA CUDA");
    assert_int_equal(ocl_choice_auto(list, ROWS), NV_AGAIN);
    assert_int_equal(ocl_device_select(list, ROWS, NULL, "gpu", message, sizeof message, &why),
                     NV_AGAIN);
}

static void a_run_finds_its_device_again(void **state)
{
    static const struct {
        const char *name, *option;
        bool preferred;
        int want;
    } cases[] = {
        {"NVIDIA GeForce RTX 3090 (driver 1)", "--device 3:0", true, NV},
        {"NVIDIA GeForce RTX 3090 (driver 1)", "--device 4:0", true, NV_AGAIN},
        {"NVIDIA GeForce RTX 3090 (driver 0.9)", "--device 9:0", true, NV},
        {"NVIDIA GeForce RTX 3090 (driver 1)", "--device 2:0", true, NV}, /* another card now */
        {"NVIDIA GeForce RTX 3090 (driver 1)", NULL, true, NV},
        {"NVIDIA GeForce RTX 3090 (driver 1)", "--device 3:0", false, -1},
        {"NVIDIA GeForce RTX 3090", "--device 3:0", true, -1},
        {"NVIDIA GeForce RTX 309 (driver 1)", "--device 3:0", true, -1},
        {"pthread-skylake (driver 1)", "--device 1:1", false, CPU0},
        {"pthread-skylake (driver 1)", "--device 1:0", true, -1},
        {"CPU path (2 threads, OpenBLAS)", "--device cpu", true, -1},
        {"CPU path (2 threads, OpenBLAS)", "--device cpu", false, -1},
        {"", "", true, -1},
    };
    struct lim_device_info list[ROWS];

    (void)state;
    make_list(list);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int found =
            ocl_choice_again(list, ROWS, cases[i].name, cases[i].option, cases[i].preferred);

        if (found != cases[i].want)
            fail_msg("%s, %s: row %d, not %d", cases[i].name,
                     cases[i].option ? cases[i].option : "(none)", found, cases[i].want);
    }
    list[NV].usable = false;
    assert_int_equal(ocl_choice_again(list, ROWS, cases[0].name, "--device 3:0", true), NV_AGAIN);
}

static void an_index_needs_no_platform_where_only_one_has_devices(void **state)
{
    struct lim_device_info list[ROWS];
    enum lim_status why;
    char message[1024];

    (void)state;
    make_list(list);
    assert_int_equal(ocl_device_select(list, AMD, NULL, "1", message, sizeof message, &why), CPU1);
    assert_int_equal(ocl_device_select(list, AMD, NULL, "2", message, sizeof message, &why), -1);
    assert_int_equal(why, LIM_NO_DEVICE);
    assert_non_null(strstr(message, "platform 1 has 2 devices (0..1)"));
}

static void an_unusable_device_says_why(void **state)
{
    struct lim_device_info list[ROWS];
    enum lim_status why;
    char message[1024];

    (void)state;
    make_list(list);
    list[NV].usable = false;
    snprintf(list[NV].note, sizeof list[NV].note, "its driver has no compiler");
    assert_int_equal(ocl_device_select(list, ROWS, NULL, "3:0", message, sizeof message, &why), -1);
    assert_non_null(strstr(message, "its driver has no compiler"));
    assert_int_equal(ocl_choice_auto(list, ROWS), NV_AGAIN); /* the same card, another driver */
}

static void a_long_answer_is_cut(void **state)
{
    struct lim_device_info list[ROWS];
    enum lim_status why;
    char message[40];

    (void)state;
    make_list(list);
    assert_int_equal(ocl_device_select(list, ROWS, NULL, "abc", message, sizeof message, &why), -1);
    assert_int_equal(strlen(message), sizeof message - 1);
}

static void hints_name_what_to_do(void **state)
{
    char text[512];

    (void)state;
    ocl_hint_render_node("/nonexistent", text, sizeof text);
    assert_string_equal(text, "");
    ocl_hint_build(0, "error: unknown target CPU 'znver9'", text, sizeof text);
    assert_non_null(strstr(text, "newer"));
    ocl_hint_build(0, "error: expected ';'", text, sizeof text);
    assert_string_equal(text, "");
    setenv("OCL_ICD_VENDORS", "/nowhere", 1);
    ocl_hint_no_platform(text, sizeof text);
    assert_non_null(strstr(text, "OCL_ICD_VENDORS=/nowhere"));
    unsetenv("OCL_ICD_VENDORS");
    ocl_hint_no_platform(text, sizeof text);
    assert_non_null(strstr(text, "looked in /etc/OpenCL/vendors"));
}

static void the_table_knows_drivers(void **state)
{
    const unsigned of_pocl = OCL_COSTLY_BINARIES | OCL_ONE_COMPILER;

    (void)state;
    assert_int_equal(ocl_quirks("AMD Accelerated Parallel Processing", "gfx1100"), 0);
    assert_int_equal(ocl_quirks(POCL, "pthread-znver3") & of_pocl, of_pocl);
    assert_true(ocl_quirks("NVIDIA CUDA", "NVIDIA GeForce RTX 3090") & OCL_NO_BINARIES);
    assert_true(ocl_quirks("rusticl", "llvmpipe (LLVM 15.0.6, 256 bits)") & OCL_SHORT_LOOPS);
    assert_false(ocl_quirks("rusticl", "AMD Radeon 780M (radeonsi)") & OCL_SHORT_LOOPS);
    assert_non_null(strstr(ocl_quirk_text("Clover", "AMD TAHITI", OCL_UNUSABLE), "rusticl"));
    assert_string_equal(ocl_quirk_text(POCL, "", OCL_UNUSABLE), "");
    assert_non_null(strstr(ocl_quirk_text(POCL, "", OCL_NO_DEVICES), "POCL_CACHE_DIR"));
    assert_non_null(strstr(ocl_quirk_text("rusticl", "", OCL_NO_DEVICES), "RUSTICL_ENABLE"));
    assert_string_equal(ocl_quirk_text("NVIDIA CUDA", "", OCL_NO_DEVICES), "");
    setenv("LIMNER_QUIRKS", "off", 1);
    assert_int_equal(ocl_quirks(POCL, "pthread-znver3"), 0);
    assert_string_equal(ocl_quirk_text("Clover", "AMD TAHITI", OCL_UNUSABLE), "");
    unsetenv("LIMNER_QUIRKS");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_choose),
        cmocka_unit_test(words_are_refused),
        cmocka_unit_test(a_card_is_driven_by_the_better_driver),
        cmocka_unit_test(a_run_finds_its_device_again),
        cmocka_unit_test(an_index_needs_no_platform_where_only_one_has_devices),
        cmocka_unit_test(an_unusable_device_says_why),
        cmocka_unit_test(a_long_answer_is_cut),
        cmocka_unit_test(hints_name_what_to_do),
        cmocka_unit_test(the_table_knows_drivers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
