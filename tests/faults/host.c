/* The library in another program's process: with threads, with its own ways to wait for children,
 * twice at once; and what it leaves as it was (limner/host.h). Each case is for a process of its
 * own, in which no driver is loaded yet. usage: test_host CASE. Exit code 77 without an OpenCL
 * device. */
#include <limner/bench.h>
#include <limner/limner.h>

#include "support/check.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef LIM_TEST_MPI
#include <mpi.h>
#endif

extern char **environ;

static atomic_int forks, lines[LIM_LOG_DEBUG + 1];
static char last[LIM_LOG_DEBUG + 1][2048];

static void count_fork(void)
{
    atomic_fetch_add(&forks, 1);
}

static void keep(void *user, enum lim_log_level level, const char *message)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

    (void)user;
    pthread_mutex_lock(&lock);
    snprintf(last[level], sizeof last[level], "%s", message);
    pthread_mutex_unlock(&lock);
    atomic_fetch_add(&lines[level], 1);
}

/* Opens a device and multiplies two matrices there. */
static bool use(const char *device)
{
    const struct lim_device_choice choice = {.device = device, .threads = 1};
    enum { M = 5, N = 3, K = 4 };
    struct lim_backend *be = lim_backend_create(&choice, NULL);
    struct lim_buffer *buf = be ? lim_buffer_create(be, M * K + K * N + M * N) : NULL;
    float host[M * N] = {0};
    bool good = buf != NULL;

    if (buf) {
        struct lim_tensor a = lim_tensor_of(buf, 0, 1, 1, M, K),
                          b = lim_tensor_of(buf, M * K, 1, 1, K, N),
                          c = lim_tensor_of(buf, M * K + K * N, 1, 1, M, N);

        lim_fill(be, 2.0f, a);
        lim_fill(be, 3.0f, b);
        lim_gemm(be, LIM_NO_TRANS, LIM_NO_TRANS, 1.0f, a, b, 0.0f, c);
        lim_read(c, host);
        good = lim_backend_finish(be);
    }
    for (int i = 0; i < M * N; i++)
        good = good && host[i] == 2.0f * 3.0f * K;
    lim_buffer_destroy(buf);
    lim_backend_destroy(be);
    return good;
}

/* The devices that can be used. */
static int list_devices(void)
{
    struct lim_device_info *list;
    const char *why;
    int rows = lim_device_list(&list, &why), usable = 0;

    for (int i = 0; i < rows; i++)
        usable += list[i].usable;
    lim_device_list_free(list);
    return usable;
}

static bool has_a_child; /* MPI's */

static bool no_child_is_left(void)
{
    pid_t ended = waitpid(-1, NULL, WNOHANG);

    return has_a_child ? ended == 0 : ended == -1 && errno == ECHILD;
}

static atomic_bool stop;

static void *allocate_and_ask(void *user)
{
    unsigned size = 1;

    (void)user;
    while (!atomic_load(&stop)) {
        char *memory = malloc(size);

        if (memory)
            memset(memory, getenv("PATH") && !getenv("LIMNER_NOBODY_SETS_IT"), size);
        free(memory);
        size = size * 5 % 65521;
        if (size % 64 == 0) /* the others are to get on, too */
            nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
    }
    return NULL;
}

static void threads(void **state)
{
    pthread_t busy[3];

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&busy[i], NULL, allocate_and_ask, NULL), 0);
    assert_true(list_devices() > 0);
    assert_int_equal(atomic_load(&forks), 0);
    for (int i = 0; i < 2; i++) {
        assert_true(use("opencl"));
        assert_true(use("cpu"));
    }
    atomic_store(&stop, true);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_join(busy[i], NULL), 0);
    assert_true(no_child_is_left());
}

static void sigchld_ignored(void **state)
{
    (void)state;
    signal(SIGCHLD, SIG_IGN);
    assert_true(use("opencl"));
    assert_int_equal(atomic_load(&lines[LIM_LOG_WARNING]), 0);
    assert_true(no_child_is_left());
}

static void take_all_children(int number)
{
    int before = errno;

    (void)number;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        continue;
    errno = before;
}

static void sigchld_handled(void **state)
{
    const struct sigaction action = {.sa_handler = take_all_children};

    (void)state;
    assert_int_equal(sigaction(SIGCHLD, &action, NULL), 0); /* calls are interrupted, too */
    assert_true(use("opencl"));
    assert_int_equal(atomic_load(&lines[LIM_LOG_WARNING]), 0);
    assert_true(no_child_is_left());
}

static pthread_barrier_t ready;

static void *open_too(void *user)
{
    char loader[512];

    pthread_barrier_wait(&ready);
    if (list_devices() > 0 && use("opencl") && use("cpu"))
        *(bool *)user = true;
    lim_device_loader(loader, sizeof loader);
    return NULL;
}

static void two_at_once(void **state)
{
    pthread_t openers[2];
    bool good[2] = {false};

    (void)state;
    pthread_barrier_init(&ready, NULL, 2);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&openers[i], NULL, open_too, &good[i]), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_join(openers[i], NULL), 0);
    assert_true(good[0] && good[1]);
    assert_true(no_child_is_left());
}

/* Resources of which a process has only one. */
struct own {
    char *environment, folder[4096], locale[256];
    mode_t mask;
    struct sigaction actions[32];
    sigset_t blocked;
    int files;
};

static void look(struct own *own)
{
    size_t size = 1;
    DIR *dir;

    memset(own, 0, sizeof *own);
    for (char **at = environ; *at; at++)
        size += strlen(*at) + 1;
    own->environment = calloc(size, 1);
    assert_non_null(own->environment);
    for (char **at = environ; *at; at++) {
        strcat(own->environment, *at);
        strcat(own->environment, "\n");
    }
    assert_non_null(getcwd(own->folder, sizeof own->folder));
    snprintf(own->locale, sizeof own->locale, "%s", setlocale(LC_ALL, NULL));
    own->mask = umask(0);
    umask(own->mask);
    for (int i = 1; i < 32; i++)
        sigaction(i, NULL, &own->actions[i]);
    pthread_sigmask(SIG_SETMASK, NULL, &own->blocked);
    dir = opendir("/proc/self/fd");
    while (dir && readdir(dir))
        own->files++;
    if (dir)
        closedir(dir);
}

static void nothing_changes(void **state)
{
    struct own before, after;

    (void)state;
    look(&before);
    assert_true(list_devices() > 0);
    assert_true(use("cpu"));
    look(&after);
    for (int i = 1; i < 32; i++)
        assert_ptr_equal(after.actions[i].sa_handler, before.actions[i].sa_handler);
    assert_int_equal(after.files, before.files);
    for (int i = 1; i < 32; i++)
        assert_int_equal(sigismember(&after.blocked, i), sigismember(&before.blocked, i));
    assert_string_equal(after.environment, before.environment);
    for (int i = 0; i < 2; i++) { /* a driver may set handlers and variables, and open files */
        assert_string_equal(after.folder, before.folder);
        assert_string_equal(after.locale, before.locale);
        assert_int_equal(after.mask, before.mask);
        free(after.environment);
        assert_true(use("opencl"));
        look(&after);
    }
    free(after.environment);
    free(before.environment);
    assert_int_equal(atomic_load(&forks), 0);
    assert_true(no_child_is_left());
}

/* A program that is no helper and leaves a mark. */
static char program[256], mark[256];

static int write_program(void **state)
{
    const char *folder = getenv("TMPDIR");
    char base[200];
    FILE *file;

    (void)state;
    snprintf(base, sizeof base, "%s/limner-host-XXXXXX",
             folder && strlen(folder) < 150 ? folder : "/tmp");
    assert_non_null(mkdtemp(base));
    snprintf(program, sizeof program, "%s/program", base);
    snprintf(mark, sizeof mark, "%s/mark", base);
    file = fopen(program, "w");
    assert_non_null(file);
    fprintf(file, "#!/bin/sh\n: >'%s'\n", mark);
    assert_int_equal(fclose(file), 0);
    return chmod(program, 0700);
}

static int remove_program(void **state)
{
    (void)state;
    unlink(mark);
    unlink(program);
    *strrchr(program, '/') = '\0';
    return rmdir(program);
}

static void no_processes(void **state)
{
    (void)state;
    lim_host_set(&(struct lim_host){.no_processes = true, .helper = program});
    assert_true(list_devices() > 0);
    assert_int_equal(access(mark, F_OK), -1);
    assert_int_equal(atomic_load(&lines[LIM_LOG_INFO]), 0);
    assert_true(use("opencl"));
    assert_int_equal(access(mark, F_OK), -1);
    assert_true(no_child_is_left());
}

static void assert_goes_on_without(const char *helper)
{
    char loader[512];

    lim_host_set(&(struct lim_host){.helper = helper});
    lim_device_loader(loader, sizeof loader);
    assert_non_null(strchr(loader, '/'));
    assert_true(list_devices() > 0);
    assert_int_equal(atomic_load(&lines[LIM_LOG_INFO]), 1);
    assert_non_null(strstr(last[LIM_LOG_INFO], "drivers are queried in this process"));
    assert_non_null(strstr(last[LIM_LOG_INFO], "LIMNER_HELPER"));
    assert_true(use("opencl"));
    assert_int_equal(atomic_load(&lines[LIM_LOG_WARNING]) + atomic_load(&lines[LIM_LOG_ERROR]), 0);
    assert_true(no_child_is_left());
}

static void no_helper(void **state)
{
    (void)state;
    assert_goes_on_without("/nonexistent/limner-probe");
}

static void another_program(void **state)
{
    (void)state;
    assert_goes_on_without(program);
    assert_int_equal(access(mark, F_OK), 0);
}

/* Its number of threads is left as it is; with more than one the CPU path does without. */
static void openblas(void **state)
{
    void *all = dlopen(NULL, RTLD_LAZY), *addresses[2] = {NULL};
    void (*set)(int);
    int (*get)(void);

    (void)state;
    if (all) {
        addresses[0] = dlsym(all, "openblas_set_num_threads");
        addresses[1] = dlsym(all, "openblas_get_num_threads");
    }
    if (!addresses[0] || !addresses[1])
        skip();
    memcpy(&set, &addresses[0], sizeof set); /* as POSIX has it */
    memcpy(&get, &addresses[1], sizeof get);
    for (int threads = 2; threads > 0; threads--) {
        struct lim_backend *be;

        set(threads);
        assert_int_equal(get(), threads);
        be = lim_backend_create(&(struct lim_device_choice){.device = "cpu"}, NULL);
        assert_non_null(be);
        assert_int_equal(lim_backend_use_gemm(be, "blas"), threads == 1);
        assert_true(lim_backend_use_gemm(be, "builtin"));
        assert_non_null(strstr(lim_backend_name(be), threads == 1 ? "OpenBLAS" : "built-in"));
        lim_backend_destroy(be);
        assert_true(use("cpu"));
        assert_int_equal(get(), threads);
    }
}

static void multiply_with_clblast(void)
{
    struct lim_backend *be =
        lim_backend_create(&(struct lim_device_choice){.device = "opencl"}, NULL);
    struct lim_buffer *buf;
    struct lim_tensor a, c;

    assert_non_null(be);
    assert_true(lim_backend_use_gemm(be, "clblast"));
    buf = lim_buffer_create(be, 32);
    assert_non_null(buf);
    a = lim_tensor_of(buf, 0, 1, 1, 4, 4);
    c = lim_tensor_of(buf, 16, 1, 1, 4, 4);
    lim_gemm(be, LIM_NO_TRANS, LIM_NO_TRANS, 1.0f, a, a, 0.0f, c);
    assert_true(lim_backend_finish(be));
    lim_buffer_destroy(buf);
    lim_backend_destroy(be);
}

/* CLBlast's cache is emptied, unless the host says that it uses CLBlast itself. */
static void clblast(void **state)
{
    const char *path = getenv("OPENCL_LAYERS");
    int (*alive)(void);
    void *layer, *address;

    (void)state;
    lim_host_set(&(struct lim_host){.keep_clblast = true});
    multiply_with_clblast();
    layer = path ? dlopen(path, RTLD_NOW | RTLD_NOLOAD) : NULL;
    assert_non_null(layer);
    address = dlsym(layer, "layer_alive");
    memcpy(&alive, &address, sizeof alive);
    assert_true(alive() > 0);
    lim_host_set(&(struct lim_host){.keep_clblast = false});
    multiply_with_clblast();
    assert_int_equal(alive(), 0);
}

/* On a machine with a broken driver beside a good one, whose host does not let the environment be
 * set: what is broken is named, and loaded by nobody. */
static void broken_driver(void **state)
{
    struct lim_device_info *list;
    struct own before, after;
    const char *why;
    enum lim_status status = LIM_OK;
    int rows, with_note = 0;

    (void)state;
    signal(SIGCHLD, SIG_IGN);
    look(&before);
    rows = lim_device_list(&list, &why);
    for (int i = 0; i < rows; i++) {
        assert_false(list[i].usable);
        with_note += strstr(list[i].note, "set OCL_ICD_VENDORS to a folder") != NULL;
    }
    lim_device_list_free(list);
    assert_true(with_note > 0);
    assert_non_null(
        strstr(last[LIM_LOG_WARNING], "crashed when queried for its devices and is left out"));
    assert_null(lim_backend_create(&(struct lim_device_choice){.device = "opencl"}, &status));
    assert_int_equal(status, LIM_NO_DEVICE);
    assert_int_equal(atomic_load(&lines[LIM_LOG_ERROR]), 1);
    assert_true(use("auto"));
    look(&after);
    assert_string_equal(after.environment, before.environment);
    free(after.environment);
    free(before.environment);
}

#ifdef LIM_TEST_MPI
static void finalize(void)
{
    MPI_Finalize();
}
#endif

int main(int argc, char **argv)
{
    static const struct CMUnitTest all[] = {
        cmocka_unit_test(threads),
        cmocka_unit_test(sigchld_ignored),
        cmocka_unit_test(sigchld_handled),
        cmocka_unit_test(two_at_once),
        cmocka_unit_test(nothing_changes),
        cmocka_unit_test_setup_teardown(no_processes, write_program, remove_program),
        cmocka_unit_test(no_helper),
        cmocka_unit_test_setup_teardown(another_program, write_program, remove_program),
        cmocka_unit_test(broken_driver),
        cmocka_unit_test(openblas),
        cmocka_unit_test(clblast),
    };

    /* In another process: this one has not asked yet. */
    if (argc > 1 && strcmp(argv[1], "broken_driver") != 0 && strcmp(argv[1], "openblas") != 0) {
        pid_t child = fork();
        int status = 0;

        if (child == 0)
            _exit(list_devices() > 0 ? 0 : 77);
        if (waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 77)
            return 77;
    }
#ifdef LIM_TEST_MPI /* which does not like forks, has threads, files and handlers of its own */
    MPI_Init(&argc, &argv);
    atexit(finalize);
    has_a_child = waitpid(-1, NULL, WNOHANG) == 0;
#endif
    lim_log_set(keep, NULL, LIM_LOG_INFO);
    pthread_atfork(count_fork, NULL, NULL);
    for (size_t i = 0; argc > 1 && i < sizeof all / sizeof *all; i++) {
        const struct CMUnitTest test[] = {all[i]};

        if (strcmp(all[i].name, argv[1]) == 0)
            return cmocka_run_group_tests(test, NULL, NULL);
    }
    fprintf(stderr, "usage: test_host CASE\n");
    return 2;
}
