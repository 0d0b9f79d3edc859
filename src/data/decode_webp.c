/* WebP, lossy and lossless, with and without alpha; of an animation the first frame. */
#include "config.h"
#include "data/decode.h"
#include "data/exif.h"

#ifdef LIM_HAVE_WEBP
#include <stdlib.h>
#include <string.h>

#include <webp/decode.h>
#include <webp/demux.h>

struct reading {
    const struct decode_job *job;
    WebPDemuxer *demuxer;
    WebPIterator frame;
    struct resizer resizer;
    uint8_t *pixels; /* of the frame */
    uint8_t *row, *flat;
    bool entered;
};

static int orientation(const struct reading *r)
{
    WebPChunkIterator chunk = {0};
    int way_up = 1;

    if (WebPDemuxGetChunk(r->demuxer, "EXIF", 1, &chunk)) {
        /* Some writers put JPEG's six bytes in front. */
        size_t skip = chunk.chunk.size > 6 && memcmp(chunk.chunk.bytes, "Exif\0", 6) == 0 ? 6 : 0;

        way_up = data_exif_orientation(chunk.chunk.bytes + skip, chunk.chunk.size - skip);
    }
    WebPDemuxReleaseChunkIterator(&chunk);
    return way_up;
}

static bool refuse_status(const struct reading *r, VP8StatusCode status)
{
    switch (status) {
    case VP8_STATUS_NOT_ENOUGH_DATA:
    case VP8_STATUS_SUSPENDED:
        return data_decode_refuse(r->job, "truncated WebP");
    case VP8_STATUS_OUT_OF_MEMORY:
        return data_decode_refuse(r->job, "not enough memory for %dx%d", r->frame.width,
                                  r->frame.height);
    case VP8_STATUS_UNSUPPORTED_FEATURE:
        return data_decode_refuse(r->job, "WebP of a kind that limner does not read");
    default:
        return data_decode_refuse(r->job, "damaged WebP (its pixels do not decode)");
    }
}

/* The frame as pixels[height][width][channels]. */
static bool decode_frame(struct reading *r, int channels)
{
    WebPDecoderConfig config;
    size_t row_size = (size_t)r->frame.width * (size_t)channels;
    size_t size = row_size * (size_t)r->frame.height;
    VP8StatusCode status;

    if (!WebPInitDecoderConfig(&config))
        return data_decode_refuse(r->job, "the WebP library is of another version");
    r->entered = data_decode_enter((uint64_t)r->frame.width, (uint64_t)r->frame.height);
    r->pixels = malloc(size);
    if (!r->pixels)
        return refuse_status(r, VP8_STATUS_OUT_OF_MEMORY);
    config.output.colorspace = channels == 4 ? MODE_RGBA : MODE_RGB;
    config.output.is_external_memory = 1;
    config.output.u.RGBA.rgba = r->pixels;
    config.output.u.RGBA.stride = (int)row_size;
    config.output.u.RGBA.size = size;
    status = WebPDecode(r->frame.fragment.bytes, r->frame.fragment.size, &config);
    WebPFreeDecBuffer(&config.output);
    return status == VP8_STATUS_OK || refuse_status(r, status);
}

/* The frame lies somewhere on a canvas that is clear elsewhere. */
static bool push_canvas(struct reading *r, int width, int height, int channels)
{
    size_t frame_row = (size_t)r->frame.width * (size_t)channels;

    if (!data_decode_begin(r->job, &r->resizer, width, height, channels, orientation(r)))
        return false;
    r->row = calloc((size_t)width, (size_t)channels);
    r->flat = malloc(data_decode_row_size(width));
    if (!r->row || !r->flat)
        return data_decode_refuse(r->job, "not enough memory for %dx%d", width, height);
    for (int y = 0; y < height; y++) {
        int inner = y - r->frame.y_offset;

        if (inner >= 0 && inner < r->frame.height)
            memcpy(r->row + (size_t)r->frame.x_offset * (size_t)channels,
                   r->pixels + (size_t)inner * frame_row, frame_row);
        else
            memset(r->row, 0, (size_t)width * (size_t)channels);
        data_decode_push(r->job, &r->resizer, r->row, channels, r->flat);
    }
    data_resizer_take(&r->resizer, r->job->out);
    return true;
}

static bool read_webp(struct reading *r)
{
    const WebPData data = {r->job->bytes, r->job->size};
    WebPDemuxState state = WEBP_DEMUX_PARSE_ERROR;
    int width, height;
    bool whole;

    r->demuxer = WebPDemuxPartial(&data, &state);
    if (state == WEBP_DEMUX_PARSING_HEADER || state == WEBP_DEMUX_PARSED_HEADER)
        return data_decode_refuse(r->job, "truncated WebP");
    if (!r->demuxer || state != WEBP_DEMUX_DONE)
        return data_decode_refuse(r->job, "damaged WebP (its parts do not fit together)");
    width = (int)WebPDemuxGetI(r->demuxer, WEBP_FF_CANVAS_WIDTH);
    height = (int)WebPDemuxGetI(r->demuxer, WEBP_FF_CANVAS_HEIGHT);
    if (!data_decode_check_size(r->job, (uint64_t)width, (uint64_t)height))
        return false;
    if (WebPDemuxGetI(r->demuxer, WEBP_FF_FRAME_COUNT) > 1)
        r->job->facts->flags |= FACT_ANIMATED;
    if (!WebPDemuxGetFrame(r->demuxer, 1, &r->frame))
        return data_decode_refuse(r->job, "damaged WebP (there is no picture in it)");
    if (r->frame.x_offset < 0 || r->frame.y_offset < 0 ||
        r->frame.width > width - r->frame.x_offset || r->frame.height > height - r->frame.y_offset)
        return data_decode_refuse(r->job, "damaged WebP (a frame lies outside)");
    whole = r->frame.width == width && r->frame.height == height && !r->frame.has_alpha;
    return decode_frame(r, whole ? 3 : 4) && push_canvas(r, width, height, whole ? 3 : 4);
}

bool data_decode_webp(const struct decode_job *job)
{
    struct reading r = {.job = job};
    bool done = read_webp(&r);

    WebPDemuxReleaseIterator(&r.frame);
    WebPDemuxDelete(r.demuxer);
    data_resizer_finish(&r.resizer);
    free(r.pixels);
    free(r.row);
    free(r.flat);
    data_decode_leave(r.entered);
    return done;
}

#else

bool data_decode_webp(const struct decode_job *job)
{
    return data_decode_refuse(job, "WebP (this limner was built without it)");
}

#endif
