/* A network's file: every part by its name. */
#include "nn/net.h"

#include "base/log.h"
#include "base/require.h"
#include "core/backend.h"
#include "io/safetensors.h"

#include <limner/version.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT "limner-net-1"

static void describe(const struct lim_net_part *part, struct lim_st_tensor *t)
{
    const uint64_t shape[] = {(uint64_t)part->tensor.n, (uint64_t)part->tensor.h,
                              (uint64_t)part->tensor.w, (uint64_t)part->tensor.c};
    bool flat = shape[0] == 1 && shape[1] == 1 && shape[2] == 1;

    memset(t, 0, sizeof *t);
    snprintf(t->name, sizeof t->name, "%s", part->name);
    t->rank = flat ? 1 : 4;
    memcpy(t->shape, flat ? shape + 3 : shape, (size_t)t->rank * sizeof *shape);
}

static size_t all_floats(const struct lim_net *net)
{
    size_t count = 0;

    for (int i = 0; i < net->part_count; i++)
        count += lim_tensor_count(lim_net_part(net, i).tensor);
    return count;
}

static bool write_file(const struct lim_net *net, const char *path, float *host,
                       struct lim_st_tensor *tensors, cJSON *metadata)
{
    struct lim_st_writer writer;
    const float *at = host;
    float *to = host;

    for (int i = 0; i < net->part_count; i++) {
        struct lim_net_part part = lim_net_part(net, i);

        describe(&part, tensors + i);
        lim_read(part.tensor, to);
        to += lim_tensor_count(part.tensor);
    }
    if (!lim_backend_finish(net->be) ||
        !lim_st_begin(&writer, path, tensors, net->part_count, metadata))
        return false;
    for (int i = 0; i < net->part_count; i++) {
        lim_st_put(&writer, at, (size_t)tensors[i].count);
        at += tensors[i].count;
    }
    return lim_st_end(&writer);
}

static bool save(const struct lim_net *net, const char *path)
{
    float *host = malloc((all_floats(net) + 1) * sizeof *host);
    struct lim_st_tensor *tensors = calloc((size_t)net->part_count + 1, sizeof *tensors);
    cJSON *metadata = cJSON_CreateObject();
    bool good = host && tensors && cJSON_AddStringToObject(metadata, "format", FORMAT) &&
                cJSON_AddStringToObject(metadata, "limner", lim_version());

    if (good)
        good = write_file(net, path, host, tensors, metadata);
    else
        lim_error("%s: no memory to write it", path);
    cJSON_Delete(metadata);
    free(tensors);
    free(host);
    return good;
}

static bool refuse(const char *path, const char *name, const char *what)
{
    lim_error("%s: '%s' %s", path, name, what);
    return false;
}

/* The part's numbers from the file. */
static bool read_part(struct lim_st_reader *reader, const struct lim_net_part *part, float *host)
{
    const struct lim_st_tensor *found = lim_st_find(reader, part->name);
    size_t count = lim_tensor_count(part->tensor);
    struct lim_st_tensor want;

    describe(part, &want);
    if (!found || found->rank != want.rank ||
        memcmp(found->shape, want.shape, sizeof want.shape) != 0)
        return refuse(reader->path, part->name,
                      "is missing, or has another shape than in this "
                      "network");
    if (!lim_st_read(reader, found, host))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!isfinite(host[i]))
            return refuse(reader->path, part->name, "holds numbers that are none");
    return true;
}

static bool read_file(const struct lim_net *net, struct lim_st_reader *reader, float *host)
{
    const char *format = lim_st_metadata(reader, "format");

    if (!format || strcmp(format, FORMAT) != 0)
        return refuse(reader->path, "format", "is not " FORMAT ": no network that was saved alone");
    if (reader->count != net->part_count) {
        lim_error("%s: holds %d tensors, and this network has %d", reader->path, reader->count,
                  net->part_count);
        return false;
    }
    for (int i = 0; i < net->part_count; i++) {
        struct lim_net_part part = lim_net_part(net, i);

        if (!read_part(reader, &part, host))
            return false;
        host += lim_tensor_count(part.tensor);
    }
    return true;
}

static enum lim_status load(struct lim_net *net, const char *path)
{
    enum lim_status status = LIM_BAD_INPUT;
    struct lim_st_reader reader;
    float *host, *at;

    if (!lim_st_open(&reader, path))
        return LIM_BAD_INPUT;
    host = malloc((all_floats(net) + 1) * sizeof *host);
    if (!host) {
        lim_error("%s: no memory to read it", path);
        status = LIM_ERROR;
    } else if (lim_st_verify(&reader) && read_file(net, &reader, host)) {
        at = host;
        for (int i = 0; i < net->part_count; i++) {
            struct lim_tensor tensor = lim_net_part(net, i).tensor;

            lim_write(tensor, at);
            at += lim_tensor_count(tensor);
        }
        status = lim_backend_finish(net->be) ? LIM_OK : LIM_DEVICE_FAILED;
    }
    free(host);
    lim_st_close(&reader);
    return status;
}

bool lim_net_save(const struct lim_net *net, const char *path)
{
    struct base_log *before;
    bool good;

    REQUIRE(net && path, false);
    before = base_log_enter(net->be->log);
    good = save(net, path);
    base_log_enter(before);
    return good;
}

bool lim_net_load(struct lim_net *net, const char *path, enum lim_status *why)
{
    enum lim_status status;
    struct base_log *before;

    if (why)
        *why = LIM_USAGE;
    REQUIRE(net && path, false);
    before = base_log_enter(net->be->log);
    status = load(net, path);
    base_log_enter(before);
    if (why)
        *why = status;
    return status == LIM_OK;
}

bool lim_net_gradient_norm(const struct lim_net *net, double *norm)
{
    double sum = 0;

    REQUIRE(net && norm, false);
    *norm = 0;
    for (int i = 0; i < net->chunk_count; i++) {
        size_t count = net->chunks[i].count;
        float *host = malloc((count + 1) * sizeof *host);

        if (!host) {
            lim_error("no memory for the gradients of a network");
            return false;
        }
        if (count)
            lim_read(lim_net_grads(net, i), host);
        for (size_t k = 0; k < count; k++)
            sum += (double)host[k] * (double)host[k];
        free(host);
    }
    *norm = sqrt(sum);
    return lim_backend_ok(net->be);
}
