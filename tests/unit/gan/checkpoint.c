/* A DCGAN's file: it comes back bit for bit on any device, and nothing that is damaged comes back.
 */
#include <limner/limner.h>

#include "support/check.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/limner-checkpoint-XXXXXX";
static char path[256], other_path[256];
static char last_line[2048];
static int lines;
static struct lim_backend *cpu;

static void keep_line(void *user, enum lim_log_level level, const char *message)
{
    (void)user;
    if (level == LIM_LOG_ERROR) {
        lines++;
        snprintf(last_line, sizeof last_line, "%s", message);
    }
}

static struct lim_dcgan_config tiny(void)
{
    struct lim_dcgan_config config = lim_dcgan_defaults();

    config.size = 16;
    config.width = 4;
    config.latent = 8;
    config.batch = 4;
    config.lr = 3e-4f;
    return config;
}

/* A network that has taken a step, so that moments and statistics are not zero. */
static struct lim_dcgan *trained(struct lim_backend *be)
{
    const struct lim_dcgan_config config = tiny();
    struct lim_dcgan *gan = lim_dcgan_create(be, &config, false);
    uint8_t pictures[4 * 16 * 16 * 3];
    struct lim_dcgan_stats stats;

    for (size_t i = 0; i < sizeof pictures; i++)
        pictures[i] = (uint8_t)(i * 31 / 7);
    assert_non_null(gan);
    assert_true(lim_dcgan_step(gan, pictures, &stats));
    return gan;
}

static void save(struct lim_dcgan *gan, bool generator_only)
{
    const struct lim_progress progress = {
        .step = 1, .seen = 4, .data_seed = UINT64_MAX, .fingerprint = 1u << 31, .seconds = 0.25};

    assert_true(lim_dcgan_save(gan, path, &progress, generator_only));
}

static unsigned char *slurp(const char *name, size_t *size)
{
    FILE *stream = fopen(name, "rb");
    unsigned char *bytes;

    assert_non_null(stream);
    fseek(stream, 0, SEEK_END);
    *size = (size_t)ftell(stream);
    rewind(stream);
    bytes = malloc(*size + 1);
    assert_int_equal(fread(bytes, 1, *size, stream), *size);
    fclose(stream);
    return bytes;
}

static void spill(const char *name, const void *bytes, size_t size)
{
    FILE *stream = fopen(name, "wb");

    assert_non_null(stream);
    assert_int_equal(fwrite(bytes, 1, size, stream), size);
    fclose(stream);
}

/* Saving, loading on `be` and saving again gives the same bytes. */
static void round_trip(struct lim_backend *be)
{
    struct lim_dcgan *gan = trained(cpu), *back;
    struct lim_progress progress;
    size_t size, size_again;
    unsigned char *bytes, *again;

    save(gan, false);
    bytes = slurp(path, &size);
    back = lim_dcgan_load(be, path, 0, false, &progress, NULL);
    assert_non_null(back);
    assert_true(progress.data_seed == UINT64_MAX && progress.seen == 4);
    assert_true(lim_dcgan_steps(back) == 1);
    assert_true(lim_dcgan_get_config(back)->lr == 3e-4f);
    save(back, false);
    again = slurp(path, &size_again);
    assert_int_equal(size, size_again);
    assert_memory_equal(bytes, again, size);
    free(bytes);
    free(again);
    lim_dcgan_destroy(gan);
    lim_dcgan_destroy(back);
}

static void the_bytes_come_back_on_the_cpu(void **state)
{
    (void)state;
    round_trip(cpu);
}

static void the_bytes_come_back_on_opencl(void **state)
{
    const struct lim_device_choice choice = {.device = "opencl"};
    struct lim_backend *be = lim_backend_create(&choice, NULL);

    (void)state;
    if (!be)
        skip();
    round_trip(be);
    lim_backend_destroy(be);
}

static void the_generator_alone_paints_the_same(void **state)
{
    struct lim_dcgan *gan = trained(cpu), *back;
    uint8_t want[16 * 16 * 3], got[16 * 16 * 3];
    struct lim_model_info info, whole;
    enum lim_status why;
    float z[8];

    (void)state;
    lim_dcgan_latent(5, 8, z);
    assert_true(lim_dcgan_paint(gan, z, 1, false, want));
    save(gan, false);
    assert_true(lim_model_info_read(path, &whole, NULL));
    save(gan, true);
    assert_true(lim_model_info_read(path, &info, NULL));
    assert_true(info.generator_only && !whole.generator_only);
    assert_string_equal(info.hash, whole.hash);
    assert_true(info.generator_params ==
                lim_tensor_count(lim_net_params(lim_dcgan_generator(gan), 0)));
    assert_true(info.discriminator_params == 0 && whole.discriminator_params > 0);
    lines = 0;
    assert_null(lim_dcgan_load(cpu, path, 0, false, NULL, &why)); /* nothing to train on with */
    assert_int_equal(why, LIM_BAD_INPUT);
    assert_int_equal(lines, 1);
    back = lim_dcgan_load(cpu, path, 32, true, NULL, NULL); /* another batch is fine */
    assert_non_null(back);
    assert_true(lim_dcgan_paint(back, z, 1, false, got));
    assert_memory_equal(want, got, sizeof want);
    lim_dcgan_destroy(gan);
    lim_dcgan_destroy(back);
}

/* Refused with one line that names the file, and without a crash. */
static void refused(const void *bytes, size_t size, const char *what)
{
    struct lim_model_info info;
    enum lim_status why = LIM_OK;

    spill(other_path, bytes, size);
    lines = 0;
    if (lim_model_info_read(other_path, &info, &why))
        fail_msg("accepted: %s", what);
    assert_int_equal(why, LIM_BAD_INPUT);
    if (lines != 1 || !strstr(last_line, other_path))
        fail_msg("%s: %d lines, the last: %s", what, lines, last_line);
}

static void every_truncation_and_flipped_byte_is_refused(void **state)
{
    struct lim_dcgan *gan = trained(cpu);
    unsigned char *bytes;
    char what[64];
    size_t size;

    (void)state;
    save(gan, true);
    bytes = slurp(path, &size);
    for (size_t cut = 0; cut < size; cut += cut < 16 ? 1 : 1 + size / 97) {
        snprintf(what, sizeof what, "cut to %zu bytes", cut);
        refused(bytes, cut, what);
    }
    bytes[size] = 0;
    refused(bytes, size + 1, "a byte too many");
    for (size_t at = 0; at < size; at += at < 4096 ? 7 : 1 + size / 97) {
        bytes[at] ^= 0x10;
        snprintf(what, sizeof what, "byte %zu flipped", at);
        refused(bytes, size, what);
        bytes[at] ^= 0x10;
    }
    free(bytes);
    lim_dcgan_destroy(gan);
}

/* A file as small as they come, so that every bit of it can be tried. */
static void every_bit_of_a_checkpoint_counts(void **state)
{
    struct lim_dcgan_config config = tiny();
    const struct lim_progress progress = {.step = 1};
    struct lim_dcgan *gan;
    unsigned char *bytes;
    size_t size;

    (void)state;
    config.width = config.latent = config.batch = 1;
    gan = lim_dcgan_create(cpu, &config, false);
    assert_non_null(gan);
    assert_true(lim_dcgan_save(gan, path, &progress, false));
    bytes = slurp(path, &size);
    for (size_t at = 0; at < size; at++) {
        bytes[at] ^= (unsigned char)(1 << at % 8);
        refused(bytes, size, "a bit flipped");
        bytes[at] ^= (unsigned char)(1 << at % 8);
    }
    for (size_t cut = 0; cut < size; cut++)
        refused(bytes, cut, "cut");
    free(bytes);
    lim_dcgan_destroy(gan);
}

/* Headers of other programs, and of nobody. */
static void hostile_headers_are_refused(void **state)
{
    static const char *const headers[] = {
        "",
        "{",
        "[]",
        "{}",
        "{\"__metadata__\":{}}",
        "{\"__metadata__\":{\"format\":\"pt\"}}",
        "{\"a\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,4]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[-4,0]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1e300],\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1],\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,6]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":1,\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}",
        "{\"a\":[]}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
        "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
        "\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
    };
    static const uint64_t lengths[] = {0, 1, 9, 1u << 30, UINT64_MAX, UINT64_MAX - 7};
    unsigned char bytes[1024];

    (void)state;
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        size_t length = strlen(headers[i]);

        for (int k = 0; k < 8; k++)
            bytes[k] = (unsigned char)((uint64_t)length >> 8 * k);
        memcpy(bytes + 8, headers[i], length);
        memset(bytes + 8 + length, 0, 8);
        refused(bytes, 8 + length + 4, headers[i]);
        refused(bytes, 8 + length + 8, headers[i]);
    }
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        for (int k = 0; k < 8; k++)
            bytes[k] = (unsigned char)(lengths[i] >> 8 * k);
        refused(bytes, 64, "an impossible header length");
    }
    memset(bytes, '{', sizeof bytes); /* nesting without end */
    memset(bytes, 0, 8);
    bytes[0] = 0xf8;
    bytes[1] = 0x03;
    refused(bytes, sizeof bytes, "a thousand opening braces");
}

static void a_failed_save_leaves_the_file_of_before(void **state)
{
    struct lim_dcgan *gan = trained(cpu);
    const struct lim_progress progress = {0};
    char absent[300];
    struct lim_model_info info;

    (void)state;
    snprintf(absent, sizeof absent, "%s/missing/model.safetensors", folder);
    save(gan, true);
    lines = 0;
    assert_false(lim_dcgan_save(gan, absent, &progress, true));
    assert_int_equal(lines, 1);
    lines = 0;
    assert_false(lim_dcgan_save(gan, "/dev/full", &progress, true)); /* not a regular file */
    assert_int_equal(lines, 1);
    assert_true(lim_model_info_read(path, &info, NULL));
    lim_dcgan_destroy(gan);
}

/* The largest file that may be written, as a full disk would have it. */
static void limit_files(rlim_t bytes)
{
    struct rlimit limit;

    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
}

/* Space is there again after one write has failed. */
static void make_room(int signal_number)
{
    (void)signal_number;
    limit_files(RLIM_INFINITY);
}

/* Wherever the disk fills up, for good or for a single write, the save fails in one line and the
 * file of before stays as it was. */
static void full_disk(void (*on_full)(int))
{
    struct lim_dcgan *gan = trained(cpu);
    const struct lim_progress other = {.step = 2, .seen = 8};
    const struct sigaction act = {.sa_handler = on_full};
    struct sigaction act_before;
    unsigned char *before, *after;
    size_t size, size_after;

    save(gan, false);
    before = slurp(path, &size);
    sigaction(SIGXFSZ, &act, &act_before);
    /* Densely over the last bytes, which only a flush writes. */
    for (size_t room = 0; room < size - 64; room += room + 5000 < size ? 1 + size / 23 : 211) {
        bool saved;

        lines = 0;
        limit_files(room);
        saved = lim_dcgan_save(gan, path, &other, false);
        limit_files(RLIM_INFINITY);
        after = slurp(path, &size_after);
        if (saved || lines != 1 || size_after != size || memcmp(before, after, size) != 0)
            fail_msg("room for %zu of %zu bytes: saved %d, %d lines", room, size, saved, lines);
        free(after);
    }
    sigaction(SIGXFSZ, &act_before, NULL);
    free(before);
    lim_dcgan_destroy(gan);
}

static void a_full_disk_leaves_the_file_of_before(void **state)
{
    (void)state;
    full_disk(SIG_IGN);
}

static void a_disk_full_for_a_moment_leaves_the_file_of_before(void **state)
{
    (void)state;
    full_disk(make_room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bytes_come_back_on_the_cpu),
        cmocka_unit_test(the_bytes_come_back_on_opencl),
        cmocka_unit_test(the_generator_alone_paints_the_same),
        cmocka_unit_test(every_truncation_and_flipped_byte_is_refused),
        cmocka_unit_test(every_bit_of_a_checkpoint_counts),
        cmocka_unit_test(hostile_headers_are_refused),
        cmocka_unit_test(a_failed_save_leaves_the_file_of_before),
        cmocka_unit_test(a_full_disk_leaves_the_file_of_before),
        cmocka_unit_test(a_disk_full_for_a_moment_leaves_the_file_of_before),
    };
    const struct lim_device_choice choice = {.device = "cpu"};
    int failed;

    lim_log_set(keep_line, NULL, LIM_LOG_ERROR);
    cpu = lim_backend_create(&choice, NULL);
    if (!cpu || !mkdtemp(folder))
        return 1;
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    snprintf(other_path, sizeof other_path, "%s/other.safetensors", folder);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    lim_backend_destroy(cpu);
    unlink(path);
    unlink(other_path);
    return rmdir(folder) == 0 ? failed : 1; /* nothing else was left behind */
}
