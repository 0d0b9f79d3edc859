#include "gan/records.h"

#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const groups[GROUPS] = {"generator.", "discriminator.", "ema."};

static bool begins_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

int gan_group_of(const char *name)
{
    int i = 0;

    while (i < GROUPS && !begins_with(name, groups[i]))
        i++;
    return i;
}

int gan_group_count(const struct lim_st_reader *reader, int group)
{
    int count = 0;

    for (int i = 0; i < reader->count; i++)
        count += gan_group_of(reader->tensors[i].name) == group;
    return count;
}

void gan_records_tell_unknown(const struct lim_st_reader *reader, const struct lim_model_info *info)
{
    char names[256] = "", name[LIM_ST_NAME + 4];
    size_t length = 0;

    for (int i = 0; i < reader->count; i++) {
        const char *whole = reader->tensors[i].name;

        if (gan_group_of(whole) < GROUPS)
            continue;
        snprintf(name, sizeof name, "'%.*s'", (int)strcspn(whole, "."), whole);
        if (!strstr(names, name) && length < sizeof names)
            length += (size_t)snprintf(names + length, sizeof names - length, "%s%s",
                                       length ? ", " : "", name);
    }
    if (length)
        lim_warning(
            "%s: limner %s wrote it, with tensors that this one does not know: %s; they are "
            "left out",
            reader->path, info->version, names);
}

static void add_net(struct records *records, const char *who, struct lim_net *net,
                    const struct lim_dcgan *averaged)
{
    for (int i = 0; i < lim_net_part_count(net); i++) {
        struct lim_net_part part = lim_net_part(net, i);
        struct record *record = records->list + records->count++;

        snprintf(record->name, sizeof record->name, "%s.%s", who, part.name);
        record->tensor = averaged ? gan_average_of(averaged, part.tensor) : part.tensor;
    }
}

static void add_moments(struct records *records, const char *who, const struct lim_optimizer *opt)
{
    struct record *record = records->list + records->count;

    snprintf(record[0].name, sizeof record[0].name, "%s.adam_m", who);
    snprintf(record[1].name, sizeof record[1].name, "%s.adam_v", who);
    record[0].opt = record[1].opt = opt;
    record[0].moment = lim_optimizer_m;
    record[1].moment = lim_optimizer_v;
    records->count += 2;
}

bool gan_records_list(struct lim_dcgan *gan, enum extent extent, bool averages,
                      struct records *records)
{
    int parts = lim_net_part_count(gan->g);
    int most = 2 * parts + (gan->d ? lim_net_part_count(gan->d) : 0) + 4;
    bool averaged = gan->average && !gan->raw;

    memset(records, 0, sizeof *records);
    records->list = calloc((size_t)most, sizeof *records->list);
    if (!records->list) {
        lim_error("no memory for a checkpoint");
        return false;
    }
    add_net(records, "generator", gan->g, extent == SHARED && averaged ? gan : NULL);
    records->end = parts;
    if (extent == SHARED)
        return true;
    if (extent == WHOLE) {
        add_net(records, "discriminator", gan->d, NULL);
        add_moments(records, "generator", gan->adam_g);
        add_moments(records, "discriminator", gan->adam_d);
    }
    if (averages) {
        records->shared = records->count;
        add_net(records, "ema.generator", gan->g, gan);
        records->end = records->count;
    }
    return true;
}

static int pieces(const struct record *record)
{
    return record->opt ? lim_optimizer_chunks(record->opt) : 1;
}

static struct lim_tensor piece(const struct record *record, int i)
{
    return record->opt ? record->moment(record->opt, i) : record->tensor;
}

size_t gan_record_length(const struct record *record)
{
    size_t count = 0;

    for (int i = 0; i < pieces(record); i++)
        count += lim_tensor_count(piece(record, i));
    return count;
}

void gan_record_move(const struct record *record, float *host, bool to_device)
{
    for (int i = 0; i < pieces(record); i++) {
        struct lim_tensor t = piece(record, i);

        if (to_device)
            lim_write(t, host);
        else
            lim_read(t, host);
        host += lim_tensor_count(t);
    }
}

void gan_record_describe(const struct record *record, struct lim_st_tensor *t)
{
    memset(t, 0, sizeof *t);
    snprintf(t->name, sizeof t->name, "%s", record->name);
    if (record->opt) {
        t->rank = 1;
        t->shape[0] = gan_record_length(record);
        return;
    }
    if (record->tensor.n == 1 && record->tensor.h == 1 && record->tensor.w == 1) {
        t->rank = 1;
        t->shape[0] = (uint64_t)record->tensor.c;
        return;
    }
    t->rank = 4;
    t->shape[0] = (uint64_t)record->tensor.n;
    t->shape[1] = (uint64_t)record->tensor.h;
    t->shape[2] = (uint64_t)record->tensor.w;
    t->shape[3] = (uint64_t)record->tensor.c;
}
