/* Checks a caller's picture. */
#ifndef LIMNER_SRC_IO_IMAGE_H
#define LIMNER_SRC_IO_IMAGE_H

#include <limner/image.h>

/* Does it have readable pixels, as lim_image_init makes them? */
bool io_image_is_whole(const struct lim_image *image);

#endif
