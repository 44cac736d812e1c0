// As much of a driver as cuDNN wants before it plans with kernels it generates: everything loads,
// nothing runs.
typedef int R;
typedef unsigned long long U;
R cuInit(unsigned f) { return 0; }
R cuDriverGetVersion(int *v) { *v = 13000; return 0; }
R cuDeviceGetCount(int *n) { *n = 0; return 0; }
R cuDeviceGet(int *d, int n) { *d = 0; return 0; }
R cuDeviceGetAttribute(int *v, int a, int d) { *v = 0; return 0; }
R cuCtxGetCurrent(void **c) { *c = 0; return 0; }
R cuLibraryLoadData(void **l) { *l = (void *) 0x10; return 0; }
R cuLibraryUnload(void *l) { return 0; }
R cuLibraryGetModule(void **m, void *l) { *m = (void *) 0x11; return 0; }
R cuLibraryGetKernel(void **k, void *l, const char *n) { *k = (void *) 0x12; return 0; }
R cuLibraryGetGlobal(U *p, U *n, void *l, const char *s) { *p = 0x13; *n = 0; return 0; }
R cuKernelGetFunction(void **f, void *k) { *f = (void *) 0x14; return 0; }
R cuKernelGetAttribute(int *v, int a, void *k, int d) { *v = 0; return 0; }
R cuKernelSetAttribute(int a, int v, void *k, int d) { return 0; }
R cuFuncGetAttribute(int *v, int a, void *f) { *v = 0; return 0; }
R cuFuncSetAttribute(void *f, int a, int v) { return 0; }
R cuModuleLoadData(void **m, const void *i) { *m = (void *) 0x11; return 0; }
R cuModuleLoadDataEx(void **m, const void *i) { *m = (void *) 0x11; return 0; }
R cuModuleGetFunction(void **f, void *m, const char *n) { *f = (void *) 0x14; return 0; }
R cuModuleUnload(void *m) { return 0; }
R cuGetErrorString(int r, const char **s) { *s = "stand-in"; return 0; }
R cuGetErrorName(int r, const char **s) { *s = "STAND_IN"; return 0; }
R cuLaunchKernel(void) { return 801; }
R cuLaunchKernelEx(void) { return 801; }
R cuGetExportTable(void) { return 801; }
R cuCtxGetLimit(U *v, int l) { *v = 0; return 0; }
R cuCtxPopCurrent(void **c) { *c = 0; return 0; }
R cuCtxPushCurrent(void *c) { return 0; }
R cuStreamGetCtx(void *s, void **c) { *c = 0; return 0; }
R cuLinkCreate(void) { return 801; }
R cuLinkAddData(void) { return 801; }
R cuLinkComplete(void) { return 801; }
R cuLinkDestroy(void) { return 801; }
R cuLaunchCooperativeKernel(void) { return 801; }
R cuLibraryLoadFromFile(void) { return 801; }
R cuOccupancyMaxPotentialClusterSize(void) { return 801; }
