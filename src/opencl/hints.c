#include "opencl/hints.h"

#include "opencl/quirks.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* Words of ID and ID_LIKE in /etc/os-release, and the packages of a CPU driver there. */
static const struct {
    const char *system, *line;
} packages[] = {
    {"debian", "apt install pocl-opencl-icd (CPU), mesa-opencl-icd or rocm-opencl-runtime (AMD), "
               "intel-opencl-icd (Intel)"},
    {"ubuntu", "apt install pocl-opencl-icd (CPU), mesa-opencl-icd or rocm-opencl-runtime (AMD), "
               "intel-opencl-icd (Intel)"},
    {"fedora", "dnf install pocl (CPU), rocm-opencl (AMD), intel-compute-runtime (Intel)"},
    {"arch", "pacman -S pocl (CPU), rocm-opencl-runtime (AMD), intel-compute-runtime (Intel), "
             "opencl-nvidia (NVIDIA)"},
    {"suse", "zypper install pocl (CPU), Mesa-libRusticlOpenCL (AMD)"},
};

static const char *package_line(void)
{
    FILE *stream = fopen("/etc/os-release", "re");
    char line[256];
    const char *found = "install your card's OpenCL driver, or PoCL for the CPU";

    while (stream && fgets(line, sizeof line, stream)) {
        if (strncmp(line, "ID=", 3) != 0 && strncmp(line, "ID_LIKE=", 8) != 0)
            continue;
        for (size_t i = 0; i < sizeof packages / sizeof *packages; i++)
            if (strstr(line, packages[i].system))
                found = packages[i].line;
    }
    if (stream)
        fclose(stream);
    return found;
}

void ocl_hint_no_platform(char *text, size_t size)
{
    const char *vendors = getenv("OCL_ICD_VENDORS");

    if (vendors && *vendors)
        snprintf(
            text, size,
            "no OpenCL platform is installed; looked where OCL_ICD_VENDORS=%s points (unset it "
            "to look in /etc/OpenCL/vendors)",
            vendors);
    else
        snprintf(text, size,
                 "no OpenCL platform is installed; looked in /etc/OpenCL/vendors; hint: %s",
                 package_line());
}

/* The folder in which PoCL compiles or, before it exists, the nearest one above. False: unknown. */
static bool pocl_folder(char *path, size_t size)
{
    static const struct {
        const char *variable, *below;
    } places[] = {{"POCL_CACHE_DIR", ""}, {"XDG_CACHE_HOME", ""}, {"HOME", "/.cache"}};

    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        const char *value = getenv(places[i].variable);

        if (!value || !*value)
            continue;
        snprintf(path, size, "%s%s", value, places[i].below);
        while (access(path, F_OK) != 0 && strrchr(path, '/') && strrchr(path, '/') != path)
            *strrchr(path, '/') = '\0';
        return true;
    }
    return false;
}

void ocl_hint_build(unsigned quirks, const char *log, char *text, size_t size)
{
    const unsigned long long least = 1 << 20; /* bytes */
    char path[512];
    struct statvfs disk;

    *text = '\0';
    if (strstr(log, "unknown target CPU"))
        snprintf(text, size,
                 "hint: the driver does not know this processor; install a newer one, or use "
                 "--device cpu");
    else if (quirks & OCL_COMPILES_ON_DISK && pocl_folder(path, sizeof path) &&
             statvfs(path, &disk) == 0 && (unsigned long long)disk.f_bavail * disk.f_frsize < least)
        snprintf(text, size,
                 "hint: PoCL compiles in %s, where no room is left; make some, or set "
                 "POCL_CACHE_DIR",
                 path);
}

void ocl_hint_render_node(const char *dri, char *text, size_t size)
{
    DIR *dir = opendir(dri);
    struct dirent *entry;

    text[0] = '\0';
    while (dir && !text[0] && (entry = readdir(dir))) {
        char path[512];

        if (strncmp(entry->d_name, "renderD", 7) != 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", dri, entry->d_name);
        if (access(path, R_OK | W_OK) != 0 && errno == EACCES)
            snprintf(text, size,
                     "%s exists but is not accessible: add yourself to the group 'render' and log "
                     "in again",
                     path);
    }
    if (dir)
        closedir(dir);
}
