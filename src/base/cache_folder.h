/* Where everything is kept that can be made again. */
#ifndef LIMNER_SRC_BASE_CACHE_FOLDER_H
#define LIMNER_SRC_BASE_CACHE_FOLDER_H

/* The folder `name` in `wanted`, else in $LIMNER_CACHE_DIR, else in limner in $XDG_CACHE_HOME or
 * ~/.cache; made where it is not there. "off" (or "") turns it off. The caller frees. NULL, in
 * silence: nowhere. */
char *lim_cache_folder(const char *wanted, const char *name);

/* The same to read from: nothing is made. */
char *lim_cache_folder_there(const char *wanted, const char *name);

#endif
