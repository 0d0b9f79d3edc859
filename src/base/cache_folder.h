/* The folder for caches: files that limner can make again. */
#ifndef LIMNER_SRC_BASE_CACHE_FOLDER_H
#define LIMNER_SRC_BASE_CACHE_FOLDER_H

/* The folder `name` in `wanted`, else in $LIMNER_CACHE_DIR, else in limner in $XDG_CACHE_HOME or
 * ~/.cache; it is created if missing. "off" (or "") turns it off. The caller frees. NULL, without a
 * log line, where there is none. */
char *lim_cache_folder(const char *wanted, const char *name);

/* The same for reading only: creates nothing. */
char *lim_cache_folder_there(const char *wanted, const char *name);

#endif
