/* What decides which OpenCL drivers are found: for 'limner devices -v', and for bug reports. */
#include "cli/commands.h"

#include <dirent.h>
#include <errno.h>
#include <limner/limner.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char vendors[] = "/etc/OpenCL/vendors";

/* Read by loaders, drivers and limner. */
static const char *const variables[] = {
    "OCL_ICD_VENDORS",      "OCL_ICD_FILENAMES",  "OPENCL_VENDOR_PATH",   "OPENCL_LAYERS",
    "LD_LIBRARY_PATH",      "POCL_DEVICES",       "POCL_CACHE_DIR",       "RUSTICL_ENABLE",
    "CUDA_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL", "ROCR_VISIBLE_DEVICES", "LIMNER_PLATFORM",
    "LIMNER_DEVICE",        "LIMNER_CACHE_DIR",   "LIMNER_QUIRKS"};

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);

    return length >= tail && strcmp(text + length - tail, end) == 0;
}

/* A vendor file names a library in its first line. */
static void print_vendor(const char *folder, const char *name)
{
    char path[4096], line[512] = "";
    FILE *stream;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    stream = fopen(path, "r");
    if (!stream) {
        printf("         %s: %s\n", path, strerror(errno));
        return;
    }
    if (!fgets(line, sizeof line, stream))
        line[0] = '\0';
    fclose(stream);
    line[strcspn(line, "\r\n")] = '\0';
    printf("         %s: %s\n", path, *line ? line : "(empty)");
}

static int is_vendor(const struct dirent *entry)
{
    return ends_with(entry->d_name, ".icd");
}

static void print_vendors(void)
{
    const char *given = getenv("OCL_ICD_VENDORS");
    const char *folder = given && *given ? given : vendors;
    struct dirent **list = NULL;
    struct stat st;
    int count;

    if (stat(folder, &st) == 0 && !S_ISDIR(st.st_mode)) {
        printf("vendors  %s, named by OCL_ICD_VENDORS\n", folder);
        return;
    }
    count = scandir(folder, &list, is_vendor, alphasort);
    printf("vendors  %s: %s\n", folder,
           count < 0    ? strerror(errno)
           : count == 0 ? "no .icd file"
                        : "these files name drivers");
    for (int i = 0; i < count; i++) {
        print_vendor(folder, list[i]->d_name);
        free(list[i]);
    }
    free(list);
}

static void print_access(const char *path)
{
    if (access(path, F_OK) == 0)
        printf("access   %s: %s\n", path, access(path, R_OK | W_OK) == 0 ? "yes" : strerror(errno));
}

static int is_render_node(const struct dirent *entry)
{
    return strncmp(entry->d_name, "renderD", 7) == 0;
}

static void print_cards(void)
{
    struct dirent **list = NULL;
    int count = scandir("/dev/dri", &list, is_render_node, alphasort);

    for (int i = 0; i < count; i++) {
        char path[512];

        snprintf(path, sizeof path, "/dev/dri/%s", list[i]->d_name);
        print_access(path);
        free(list[i]);
    }
    free(list);
    print_access("/dev/kfd");
    print_access("/dev/nvidiactl");
}

void print_surroundings(void)
{
    char loader[4200];

    lim_device_loader(loader, sizeof loader);
    printf("loader   %s\n", loader);
    print_vendors();
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        if (getenv(variables[i]))
            printf("set      %s=%s\n", variables[i], getenv(variables[i]));
    print_cards();
}
