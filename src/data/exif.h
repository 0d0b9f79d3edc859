/* The only Exif field that limner uses: the orientation. */
#ifndef LIMNER_SRC_DATA_EXIF_H
#define LIMNER_SRC_DATA_EXIF_H

#include <stddef.h>
#include <stdint.h>

/* The orientation, 1 to 8, of Exif data that begins with its TIFF header; 1 if it has none. */
int data_exif_orientation(const uint8_t *tiff, size_t size);

#endif
