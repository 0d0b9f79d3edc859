/* How single drivers differ from the rest, and what limner does about it: one table, in quirks.c
 * (docs/design/opencl.md, rule 60). Code that needs to know asks it; no other file knows a driver's
 * name. */
#ifndef LIMNER_SRC_OPENCL_QUIRKS_H
#define LIMNER_SRC_OPENCL_QUIRKS_H

enum ocl_quirk {
    OCL_UNUSABLE = 1 << 0,         /* no device of it is used; the text says why */
    OCL_NO_DEVICES = 1 << 1,       /* a platform without devices: the text says what to do */
    OCL_SECOND_CHOICE = 1 << 2,    /* "auto" prefers any other driver of the same hardware */
    OCL_SHORT_LOOPS = 1 << 3,      /* no kernel whose one work-item walks through a whole block */
    OCL_NO_BINARIES = 1 << 4,      /* its compiled programs are not kept */
    OCL_COSTLY_BINARIES = 1 << 5,  /* nor are these, unless a folder for them is requested */
    OCL_ONE_COMPILER = 1 << 6,     /* a second process helps it to compile */
    OCL_COMPILES_ON_DISK = 1 << 7, /* a program that cannot be built may mean a full disk */
};

/* Those of a device, by the names that the driver gives to it and its platform ("": none). None
 * with LIMNER_QUIRKS=off in the environment, to test whether a newer driver still needs them. */
unsigned ocl_quirks(const char *platform, const char *device);

/* The table's text for the user about one of them; "" if this driver does not have it. */
const char *ocl_quirk_text(const char *platform, const char *device, enum ocl_quirk quirk);

#endif
