#include "support/drawings.h"

#include <stdlib.h>

static int next_byte(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u; /* Numerical Recipes' generator */
    return (int)(*state >> 24);
}

/* A bijection that leaves nothing alike of neighbors: lowbias32 of Wellons' hash prospector. */
static uint32_t start_of(uint32_t x)
{
    x = (x ^ x >> 16) * 0x7feb352du;
    x = (x ^ x >> 15) * 0x846ca68bu;
    return x ^ x >> 16;
}

void draw_picture(int size, int channels, uint32_t kind, int i, uint8_t *out)
{
    uint32_t state = start_of(kind * 65536 + (uint32_t)i);
    int back[3], front[3], cx, cy, radius, grain, mode = i % 4;

    for (int k = 0; k < 4; k++)
        next_byte(&state);
    for (int k = 0; k < 3; k++)
        back[k] = next_byte(&state) / 2 + (mode < 2 ? 0 : 128);
    for (int k = 0; k < 3; k++)
        front[k] = next_byte(&state);
    cx = size / 2 + next_byte(&state) % (size / 8) - size / 16;
    cy = size / 2 + next_byte(&state) % (size / 8) - size / 16;
    radius = size / 4 + next_byte(&state) % (size / 8);
    grain = next_byte(&state);
    for (int y = 0; y < size; y++) {
        for (int x = 0; x < size; x++) {
            int dx = x - cx, dy = y - cy;
            int inside =
                mode < 2 ? dx * dx + dy * dy < radius * radius : abs(dx) + abs(dy) < radius * 3 / 2;
            int bar = x < size / 4 && y % (size / 4) < size / 16;
            int eye = mode % 2 && abs(dy + radius / 4) < size / 16 && abs(dx) > radius / 4 &&
                      abs(dx) < radius / 2;
            int texture = (x * x * 7 + y * 13 + x * y * 3 + grain) % 32 - 16;

            for (int k = 0; k < channels; k++) {
                int v = (eye ? 250 : bar ? 30 : inside ? front[k] : back[k]) + texture;

                *out++ = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
            }
        }
    }
}
