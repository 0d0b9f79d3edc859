#include "opencl/probe.h"

#include "base/clock.h"
#include "base/host.h"
#include "base/log.h"
#include "base/plural.h"
#include "opencl/enumerate.h"

#include <dirent.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Seconds that the drivers may take; LIMNER_DRIVER_TIMEOUT sets another number. The slowest start
 * known, a first one after an update, took about ten. */
enum { PATIENCE = 30, SUSPECTS = 64 };

static const char default_vendors[] = "/etc/OpenCL/vendors";

struct outcome {
    enum { TOLD, CRASHED, HUNG, NO_HELPER } kind;
    int detail; /* the signal; below 0: minus the exit code; or UNKNOWN */
};

enum { UNKNOWN = 1 << 16 };

/* What the helper reports. */
struct answer {
    char loader[OCL_LOADER];
    struct lim_device_info *infos;
    int count;
    struct ocl_helper helper;
};

/* Ends the helper; returns the reason why it reports no more. */
static struct outcome end_of(struct ocl_helper *helper, bool late, double patience)
{
    siginfo_t how;
    bool known = ocl_helper_end(helper, &how);

    if (late)
        return (struct outcome){HUNG, (int)patience};
    if (!known)
        return (struct outcome){CRASHED, UNKNOWN};
    return (struct outcome){CRASHED, how.si_code == CLD_EXITED ? -how.si_status : how.si_status};
}

/* Logged once: a missing program stays missing. */
static void tell_no_helper(const char *why)
{
    static atomic_flag told = ATOMIC_FLAG_INIT;

    if (*why && !atomic_flag_test_and_set(&told))
        lim_info("%s: OpenCL drivers are queried in this process, and one that crashes ends it; "
                 "LIMNER_HELPER names the program",
                 why);
}

/* The report of the drivers in the folder `vendors` (NULL: those that the environment names). */
static struct outcome ask(const char *vendors, struct answer *told)
{
    const char *given = getenv("LIMNER_DRIVER_TIMEOUT");
    double patience = given && atoi(given) > 0 ? atoi(given) : PATIENCE,
           until = lim_clock() + patience;
    char hello[OCL_HELLO], wanted[OCL_HELLO], why[512];
    struct ocl_helper *helper = &told->helper;
    bool whole, late = false;
    struct outcome what;

    memset(told, 0, sizeof *told);
    if (!ocl_helper_start(helper, vendors, why, sizeof why)) {
        tell_no_helper(why);
        return (struct outcome){NO_HELPER, 0};
    }
    ocl_hello(wanted);
    whole = ocl_helper_read(helper, hello, sizeof hello, until, &late);
    if (!late && (!whole || memcmp(hello, wanted, sizeof hello) != 0)) {
        end_of(helper, late, patience);
        tell_no_helper(whole ? "limner-probe is of another version of limner"
                             : "limner-probe does not start");
        return (struct outcome){NO_HELPER, 0};
    }
    whole = whole && ocl_helper_read(helper, told->loader, sizeof told->loader, until, &late) &&
            ocl_helper_read(helper, &told->count, sizeof told->count, until, &late);
    if (whole)
        told->infos = calloc((size_t)told->count + 1, sizeof *told->infos);
    whole = told->infos && ocl_helper_read(helper, told->infos,
                                           (size_t)told->count * sizeof *told->infos, until, &late);
    if (whole)
        return (struct outcome){TOLD, 0};
    what = end_of(helper, late, patience);
    free(told->infos);
    memset(told, 0, sizeof *told);
    return what;
}

static void describe(char *text, size_t size, const char *who, struct outcome what)
{
    size_t used = strlen(text);

    if (used + 1 >= size)
        return;
    text += used;
    size -= used;
    if (what.kind == HUNG)
        snprintf(text, size, "%s%s did not answer in %d second%s and is left out", used ? "; " : "",
                 who, what.detail, lim_plural((uint64_t)what.detail));
    else if (what.detail == UNKNOWN)
        snprintf(text, size, "%s%s crashed when queried for its devices and is left out",
                 used ? "; " : "", who);
    else if (what.detail > 0)
        snprintf(text, size,
                 "%s%s crashed (signal %d, %s) when queried for its devices and is left "
                 "out",
                 used ? "; " : "", who, what.detail, strsignal(what.detail));
    else
        snprintf(text, size,
                 "%s%s ended the process (exit code %d) when queried for its devices and "
                 "is left out",
                 used ? "; " : "", who, -what.detail);
}

static int is_vendor(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);

    return length > 4 && strcmp(entry->d_name + length - 4, ".icd") == 0;
}

/* Makes the vendor file the only one, or one more, of the folder. */
static bool link_vendor(const char *folder, const char *vendors, const char *name)
{
    char from[4096], to[4096];

    if (snprintf(from, sizeof from, "%s/%s", vendors, name) >= (int)sizeof from ||
        snprintf(to, sizeof to, "%s/%s", folder, name) >= (int)sizeof to)
        return false;
    return symlink(from, to) == 0;
}

static void unlink_vendor(const char *folder, const char *name)
{
    char path[4096];

    if (snprintf(path, sizeof path, "%s/%s", folder, name) < (int)sizeof path)
        unlink(path);
}

/* Tests each vendor file alone and leaves links to the good ones in probe->folder. False if none is
 * guilty, or they cannot be told apart. */
static bool find_guilty(struct ocl_probe *probe, const char *vendors)
{
    const char *temporary = getenv("TMPDIR");
    struct dirent **list = NULL;
    int count = scandir(vendors, &list, is_vendor, alphasort);
    bool guilty[SUSPECTS] = {false}, found = false;
    char whole[4096];

    snprintf(probe->folder, sizeof probe->folder, "%s/limner-vendors-XXXXXX",
             temporary && *temporary == '/' && strlen(temporary) < 200 ? temporary : "/tmp");
    if (count > 0 && !mkdtemp(probe->folder)) {
        probe->folder[0] = '\0';
        found = true; /* is unknown: none is tried */
    }
    for (int i = 0; i < count && i < SUSPECTS && probe->folder[0]; i++) {
        struct answer told = {.infos = NULL};
        struct outcome what = {TOLD, 0};
        siginfo_t how;

        if (link_vendor(probe->folder, vendors, list[i]->d_name))
            what = ask(probe->folder, &told);
        ocl_helper_end(&told.helper, &how);
        free(told.infos);
        unlink_vendor(probe->folder, list[i]->d_name);
        guilty[i] = what.kind == CRASHED || what.kind == HUNG;
        if (!guilty[i])
            continue;
        found = true;
        snprintf(whole, sizeof whole, "the OpenCL driver of %s/%s", vendors, list[i]->d_name);
        describe(probe->trouble, sizeof probe->trouble, whole, what);
    }
    for (int i = 0; i < count; i++) {
        if (probe->folder[0] && i < SUSPECTS && !guilty[i])
            link_vendor(probe->folder, vendors, list[i]->d_name);
        free(list[i]);
    }
    free(list);
    return found && probe->folder[0];
}

static char *copy_of(const char *name)
{
    const char *value = getenv(name);

    return value ? strdup(value) : NULL;
}

static void give_back(struct ocl_probe *probe, const char *name, char **value)
{
    probe->set_variable(name, *value);
    free(*value);
    *value = NULL;
}

static void take(struct ocl_probe *probe, const struct answer *told)
{
    probe->infos = told->infos;
    probe->count = told->count;
    probe->precompile.child = told->helper;
    snprintf(probe->loader, sizeof probe->loader, "%s", told->loader);
}

/* Keeps this process from loading the drivers that were left out or, if its host does not allow
 * that, any driver. */
static void leave_out(struct ocl_probe *probe)
{
    probe->set_variable = lim_host_get().set_variable;
    probe->filtered = probe->set_variable != NULL;
    if (probe->filtered) {
        probe->vendors = copy_of("OCL_ICD_VENDORS");
        probe->vendor_path = copy_of("OPENCL_VENDOR_PATH");
        if (probe->set_variable("OCL_ICD_VENDORS", probe->folder) &&
            probe->set_variable("OPENCL_VENDOR_PATH", probe->folder))
            return;
    }
    for (int i = 0; i < probe->count; i++) {
        if (!probe->infos[i].usable)
            continue;
        probe->infos[i].usable = false;
        snprintf(probe->infos[i].note, sizeof probe->infos[i].note,
                 "this process would load the broken driver too: set OCL_ICD_VENDORS to a folder "
                 "with the others' files (or lim_host.set_variable)");
    }
}

/* After a crash: finds which drivers are to blame, and what the others report. */
static void go_on_without(struct ocl_probe *probe, struct outcome first)
{
    const char *vendors = getenv("OCL_ICD_VENDORS");
    struct outcome again;
    struct answer told;
    struct stat st;

    if (!vendors || !*vendors)
        vendors = getenv("OPENCL_VENDOR_PATH");
    if (!vendors || !*vendors)
        vendors = default_vendors;
    if (stat(vendors, &st) != 0 || !S_ISDIR(st.st_mode) || !find_guilty(probe, vendors)) {
        describe(probe->trouble, sizeof probe->trouble, "an OpenCL driver", first);
        return;
    }
    again = ask(probe->folder, &told);
    take(probe, &told);
    if (again.kind == CRASHED || again.kind == HUNG)
        describe(probe->trouble, sizeof probe->trouble, "the rest of them together", again);
    leave_out(probe);
}

bool ocl_probe_begin(struct ocl_probe *probe)
{
    struct outcome what;
    struct answer told;

    memset(probe, 0, sizeof *probe);
    what = ask(NULL, &told);
    take(probe, &told);
    if (what.kind == CRASHED || what.kind == HUNG)
        go_on_without(probe, what);
    probe->here = what.kind == NO_HELPER;
    if (probe->here)
        probe->count = ocl_devices_here(&probe->infos);
    if (!probe->infos)
        probe->infos = calloc(1, sizeof *probe->infos);
    if (probe->infos)
        return true;
    lim_error("no memory to list the devices");
    ocl_probe_end(probe);
    return false;
}

void ocl_probe_end(struct ocl_probe *probe)
{
    DIR *dir = probe->folder[0] ? opendir(probe->folder) : NULL;
    struct dirent *entry;

    while (dir && (entry = readdir(dir)))
        if (is_vendor(entry))
            unlink_vendor(probe->folder, entry->d_name);
    if (dir)
        closedir(dir);
    if (probe->folder[0])
        rmdir(probe->folder);
    if (probe->filtered) {
        give_back(probe, "OCL_ICD_VENDORS", &probe->vendors);
        give_back(probe, "OPENCL_VENDOR_PATH", &probe->vendor_path);
    }
    ocl_precompile_end(&probe->precompile);
    free(probe->infos);
    memset(probe, 0, sizeof *probe);
}
