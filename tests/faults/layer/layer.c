/* A layer between the OpenCL loader and the driver (OPENCL_LAYERS=/absolute/path/of/this.so): the
 * tests use it for devices and faults that the machine does not have. The variable LIMNER_LAYER
 * holds its settings, a list with spaces (or newlines) in between, described in README.md. It keeps
 * a log: that it was loaded, what it refused or broke, and at the end how often each function was
 * called and which objects are still alive. */
#include "layer.h"

#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

const struct _cl_icd_dispatch *next;
struct settings settings;

static atomic_int calls[CALLS], live[OBJECTS];
static atomic_llong bytes, most_bytes;
static bool in_another; /* process than the one that the rules are for */
static const char *const call_names[CALLS] = {
#define NAME(call) [CALL_##call] = #call,
    LAYER_CALLS(NAME)
#undef NAME
};
static const char *const object_names[OBJECTS] = {
    [OBJECT_CONTEXT] = "context", [OBJECT_QUEUE] = "queue",   [OBJECT_PROGRAM] = "program",
    [OBJECT_KERNEL] = "kernel",   [OBJECT_BUFFER] = "buffer", [OBJECT_EVENT] = "event",
};

void layer_log(const char *format, ...)
{
    FILE *file = settings.log[0] ? fopen(settings.log, "a") : NULL;
    va_list args;

    if (!file)
        return;
    va_start(args, format);
    vfprintf(file, format, args);
    va_end(args);
    fputc('\n', file);
    fclose(file);
}

void layer_live(enum layer_object object, int change)
{
    atomic_fetch_add(&live[object], change);
}

void layer_bytes_change(long long change)
{
    long long now = atomic_fetch_add(&bytes, change) + change;

    if (now > atomic_load(&most_bytes)) /* one thread makes buffers */
        atomic_store(&most_bytes, now);
}

unsigned long long layer_bytes(bool most)
{
    return (unsigned long long)atomic_load(most ? &most_bytes : &bytes);
}

/* Is this the program in which limner queries drivers for devices (src/opencl/helper.h)? */
static bool in_probe(void)
{
    char path[1024] = "";
    const char *name;

    if (readlink("/proc/self/exe", path, sizeof path - 1) < 0)
        return false;
    name = strrchr(path, '/');
    return name && strcmp(name, "/limner-probe") == 0;
}

void layer_pause(cl_ulong milliseconds)
{
    nanosleep(&(struct timespec){.tv_sec = (time_t)(milliseconds / 1000),
                                 .tv_nsec = (long)(milliseconds % 1000) * 1000000},
              NULL);
}

static int use_up_the_stack(int depth)
{
    volatile char room[4096];

    room[0] = (char)depth;
    return depth ? use_up_the_stack(depth + 1) + room[0] : 0;
}

/* Crashes as drivers do: a signal that is sent is not the same as a fault. */
static void layer_crash(int number)
{
    static int *volatile nowhere;

    if (number == SIGSEGV)
        *nowhere = 0;
    if (number == 0)
        use_up_the_stack(1);
    abort();
}

/* Counts the call; true if a rule says that it fails, with the code. */
bool layer_fails(enum layer_call call, cl_int *code)
{
    int n = atomic_fetch_add(&calls[call], 1) + 1;

    if (in_another)
        return false;
    for (int i = 0; i < settings.rule_count; i++) {
        const struct rule *rule = &settings.rules[i];

        if (rule->call != call || (n != rule->nth && !(rule->onwards && n > rule->nth)))
            continue;
        if (rule->kind == RULE_HANG)
            layer_log("hanging in %s %d", call_names[call], n);
        while (rule->kind == RULE_HANG)
            pause();
        if (rule->kind == RULE_DELAY) {
            layer_log("delaying %s %d", call_names[call], n);
            layer_pause((cl_ulong)rule->value);
            continue;
        }
        layer_log("injected %s %d %d", call_names[call], n, rule->value);
        if (rule->kind == RULE_CRASH)
            layer_crash(rule->value);
        *code = rule->value;
        return true;
    }
    return false;
}

int layer_calls(const char *name)
{
    for (int call = 0; call < CALLS; call++)
        if (strcmp(call_names[call], name) == 0)
            return atomic_load(&calls[call]);
    return -1;
}

int layer_alive(void)
{
    int sum = 0;

    for (int object = 0; object < OBJECTS; object++)
        sum += atomic_load(&live[object]);
    return sum;
}

static void summary(void)
{
    for (int call = 0; call < CALLS; call++)
        layer_log("calls %s %d", call_names[call], atomic_load(&calls[call]));
    for (int object = 0; object < OBJECTS; object++)
        layer_log("live %s %d", object_names[object], atomic_load(&live[object]));
    layer_log("most bytes %lld", atomic_load(&most_bytes));
}

/* CALL:N:VALUE, or CALL:N+:VALUE for the n-th and all after it; to hang, without a value. */
static bool read_rule(const char *text, int kind)
{
    struct rule *rule = &settings.rules[settings.rule_count];
    const char *colon = strchr(text, ':');
    char *end;

    if (!colon || settings.rule_count == RULES)
        return false;
    for (int call = 0; call < CALLS; call++) {
        size_t length = strlen(call_names[call]);

        if (length != (size_t)(colon - text) || strncmp(call_names[call], text, length) != 0)
            continue;
        rule->call = (enum layer_call)call;
        rule->nth = (int)strtol(colon + 1, &end, 10);
        rule->onwards = *end == '+';
        end += rule->onwards;
        rule->kind = kind;
        settings.rule_count++;
        if (kind == RULE_HANG)
            return *end == '\0';
        if (*end != ':')
            return false;
        rule->value = (int)strtol(end + 1, &end, 10);
        return *end == '\0';
    }
    return false;
}

static bool read_number(const char *text, cl_ulong *value)
{
    char *end;

    *value = strtoull(text, &end, 10);
    return *text && !*end;
}

static bool read_text(const char *text, char *to, size_t size)
{
    return (size_t)snprintf(to, size, "%s", text) < size;
}

/* One setting, NAME=VALUE. */
static bool read_setting(const char *word)
{
    const struct {
        const char *name;
        cl_ulong *number;
    } numbers[] = {
        {"max_alloc=", &settings.max_alloc},
        {"global_mem=", &settings.global_mem},
        {"local_mem=", &settings.local_mem},
        {"group=", &settings.group},
        {"units=", &settings.units},
        {"clock=", &settings.clock},
        {"vendor=", &settings.vendor},
        {"flip=", &settings.flip},
        {"sleep=", &settings.sleep},
        {"keep=", &settings.keep},
        {"has=", &settings.has},
        {"lazy=", &settings.lazy},
        {"registers=", &settings.registers},
        {"probe=", &settings.probe},
    };
    const struct {
        const char *name;
        char *text;
        size_t size;
    } texts[] = {
        {"log=", settings.log, sizeof settings.log},
        {"driver=", settings.driver, sizeof settings.driver},
        {"type=", settings.type, sizeof settings.type},
    };

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (strncmp(word, numbers[i].name, strlen(numbers[i].name)) == 0)
            return read_number(word + strlen(numbers[i].name), numbers[i].number);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (strncmp(word, texts[i].name, strlen(texts[i].name)) == 0)
            return read_text(word + strlen(texts[i].name), texts[i].text, texts[i].size);
    return (strncmp(word, "fail=", 5) == 0 && read_rule(word + 5, RULE_FAIL)) ||
           (strncmp(word, "hang=", 5) == 0 && read_rule(word + 5, RULE_HANG)) ||
           (strncmp(word, "crash=", 6) == 0 && read_rule(word + 6, RULE_CRASH)) ||
           (strncmp(word, "delay=", 6) == 0 && read_rule(word + 6, RULE_DELAY));
}

static void read_settings(void)
{
    const char *value = getenv("LIMNER_LAYER");
    char *copy = strdup(value ? value : ""), *rest = NULL;
    const char *between = value && strchr(value, '\n') ? "\n" : " ";

    for (char *word = copy ? strtok_r(copy, between, &rest) : NULL; word;
         word = strtok_r(NULL, between, &rest)) {
        if (!read_setting(word)) {
            fprintf(stderr, "layer: LIMNER_LAYER: '%s' is no setting\n", word);
            exit(99);
        }
    }
    free(copy);
}

CL_API_ENTRY cl_int CL_API_CALL clGetLayerInfo(cl_layer_info name, size_t size, void *value,
                                               size_t *size_ret)
{
    const cl_layer_api_version version = CL_LAYER_API_VERSION_100;

    if (name != CL_LAYER_API_VERSION || (value && size < sizeof version))
        return CL_INVALID_VALUE;
    if (value)
        memcpy(value, &version, sizeof version);
    if (size_ret)
        *size_ret = sizeof version;
    return CL_SUCCESS;
}

CL_API_ENTRY cl_int CL_API_CALL clInitLayer(cl_uint entries, const cl_icd_dispatch *target,
                                            cl_uint *entries_ret, const cl_icd_dispatch **dispatch)
{
    static struct _cl_icd_dispatch table;
    size_t known = entries * sizeof(void *);

    next = target;
    memcpy(&table, target, known < sizeof table ? known : sizeof table);
    layer_fill(&table);
    *dispatch = &table;
    *entries_ret = (cl_uint)(sizeof table / sizeof(void *));
    read_settings();
    in_another = in_probe() != (settings.probe != 0);
    layer_log("ready");
    atexit(summary);
    return CL_SUCCESS;
}
