#include "base/nearest.h"
#include "cli/commands.h"
#include "cli/terminal.h"

#include <fcntl.h>
#include <limner/limner.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct command *const commands[] = {&command_train,   &command_scan, &command_sample,
                                                 &command_devices, &command_info, &command_bench,
                                                 &command_tune,    &command_eval, NULL};

const char *called_as = "limner";

static enum lim_status unknown_command(const char *word)
{
    const char *names[sizeof commands / sizeof commands[0]], *nearest;
    int count = 0;

    for (; commands[count]; count++)
        names[count] = commands[count]->name;
    nearest = nearest_word(word, names, count);
    if (nearest)
        say_error("unknown command '%s'; the nearest is '%s' ('limner --help' lists all)", word,
                  nearest);
    else
        say_error("unknown command '%s' ('limner --help' lists all)", word);
    return LIM_USAGE;
}

static enum lim_status run_command(const struct command *command, int argc, char **argv)
{
    struct parsed parsed;
    enum lim_status status;
    void *settings = malloc(command->settings_size);

    if (!settings) {
        say_error("no memory");
        return LIM_ERROR;
    }
    if (!options_parse(command, argc, argv, &parsed, settings)) {
        status = LIM_USAGE;
    } else if (parsed.help) {
        print_help(stdout, command);
        status = LIM_OK;
    } else {
        status = command->run(command, &parsed, settings);
    }
    free(settings);
    return status;
}

/* Words that may stand in place of a command. */
static bool print_document(const char *word)
{
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0)
        print_overview(stdout, commands);
    else if (strcmp(word, "--version") == 0)
        printf("limner %s\n", lim_version());
    else if (strcmp(word, "--bash-completion") == 0) /* for the build, as --man-page */
        print_bash_completion(stdout, commands);
    else
        return false;
    return true;
}

/* limner(1), or limner-COMMAND(1). */
static enum lim_status print_man(const char *command)
{
    if (!command) {
        print_man_page(stdout, commands);
        return LIM_OK;
    }
    for (int i = 0; commands[i]; i++) {
        if (strcmp(command, commands[i]->name) != 0)
            continue;
        print_man_command(stdout, commands[i]);
        return LIM_OK;
    }
    return unknown_command(command);
}

static enum lim_status dispatch(int argc, char **argv)
{
    if (argc < 2) {
        print_overview(stderr, commands);
        return LIM_USAGE;
    }
    if (strcmp(argv[1], "--man-page") == 0)
        return print_man(argc > 2 ? argv[2] : NULL);
    if (print_document(argv[1]))
        return LIM_OK;
    for (int i = 0; commands[i]; i++) {
        if (strcmp(argv[1], commands[i]->name) == 0)
            return run_command(commands[i], argc - 2, argv + 2);
    }
    return unknown_command(argv[1]);
}

/* GCC's OpenMP lets a waiting thread spin for milliseconds. While another process holds one of the
 * cores that takes most of the time: a fifth of the speed was measured
 * (docs/design/measurements.md, "Beside other work"). OpenBLAS starts threads of its own, which
 * limner never uses, and one that gets no memory retries forever: the process would never end; and
 * the CPU path does not use an OpenBLAS with more than one thread. Both variables must be in the
 * environment before the libraries are loaded, hence the exec; if it fails, limner runs without
 * them. */
static void tame_libraries(char **argv)
{
    const char *blas = getenv("OPENBLAS_NUM_THREADS");
    char self[4096];
    ssize_t length;
    bool set = false;

    if (!getenv("OMP_WAIT_POLICY") && !getenv("GOMP_SPINCOUNT"))
        set = setenv("GOMP_SPINCOUNT", "1000", 0) == 0;
    if (!blas || strcmp(blas, "1") != 0)
        set = setenv("OPENBLAS_NUM_THREADS", "1", 1) == 0 || set;
    /* Reads the link's target, because under valgrind the link itself is valgrind. */
    length = set ? readlink("/proc/self/exe", self, sizeof self - 1) : -1;
    if (length > 0) {
        self[length] = '\0';
        execv(self, argv);
    }
}

static bool set_variable(const char *name, const char *value)
{
    return (value ? setenv(name, value, 1) : unsetenv(name)) == 0;
}

/* If a parent has closed 0, 1 or 2, the next opened file would get that number and our messages. */
static void fill_standard_streams(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd > STDERR_FILENO)
        close(fd);
}

int main(int argc, char **argv)
{
    enum lim_status status;

    fill_standard_streams();
    /* Exceeding the file size limit is an error like a full disk and must not kill the process. */
    signal(SIGXFSZ, SIG_IGN);
    tame_libraries(argv);
    lim_host_set(&(struct lim_host){.set_variable = set_variable});
    lim_tell_crashes("limner");
    terminal_init(false);
    if (argc > 0 && *argv[0])
        called_as = argv[0];
    status = dispatch(argc, argv);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        say_error("cannot write to the standard output");
        return status ? (int)status : LIM_ERROR;
    }
    return (int)status;
}
