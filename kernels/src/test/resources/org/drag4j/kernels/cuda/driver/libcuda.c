// A stand-in for the driver: device memory is host memory, work runs when it is enqueued.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef int R;
typedef unsigned long long P;
enum { OK = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, CAPTURE_UNSUPPORTED = 900 };

struct job { int64_t *at; int64_t add; };
struct graph { int count; struct job jobs[16]; };
static struct graph recording;
static int is_recording, current;
static long long allocations;

R cuInit(unsigned f) { return f ? INVALID_VALUE : OK; }
R cuDriverGetVersion(int *v) { *v = 13000; return OK; }
R cuDeviceGetCount(int *n) { *n = 2; return OK; }
R cuDeviceGet(int *d, int n) { *d = n; return n < 2 ? OK : 101; }
R cuDeviceGetName(char *s, int n, int d) { strncpy(s, d ? "Stand-in 1" : "Stand-in 0", n); return OK; }
R cuDeviceTotalMem_v2(size_t *n, int d) { *n = 1ull << 40; return OK; }
R cuDeviceGetAttribute(int *v, int a, int d) {
  *v = a == 75 ? 9 : a == 76 ? 0 : a == 115 ? 1 : a == 16 ? 132 : 0;
  return OK;
}
R cuDevicePrimaryCtxRetain(void **c, int d) { *c = (void *) 0x77; return OK; }
R cuDevicePrimaryCtxRelease_v2(int d) { return allocations ? 999 : OK; }
R cuCtxSetCurrent(void *c) { current = c == (void *) 0x77; return current ? OK : 201; }
R cuMemGetInfo_v2(size_t *f, size_t *t) { *f = 3 << 20; *t = 5 << 20; return OK; }
static R take(void **p, size_t n) {
  if (n > 1 << 26) return OUT_OF_MEMORY;
  *p = malloc(n);
  allocations++;
  return OK;
}
R cuMemAlloc_v2(P *p, size_t n) { return take((void **) p, n); }
R cuMemFree_v2(P p) { free((void *) p); allocations--; return OK; }
struct props { int alloc, handles, location, id; long long unused[9]; };
R cuMemPoolCreate(void **pool, struct props *p) {
  *pool = (void *) 0x88;
  for (int i = 0; i < 9; i++)
    if (p->unused[i]) return INVALID_VALUE;
  return p->alloc == 1 && !p->handles && p->location == 1 && p->id == 0 ? OK : INVALID_VALUE;
}
R cuMemPoolSetAttribute(void *pool, int a, uint64_t *v) {
  return pool == (void *) 0x88 && a == 4 && *v == 1ull << 30 ? OK : INVALID_VALUE;
}
R cuMemPoolTrimTo(void *pool, size_t n) { return OK; }
R cuMemPoolDestroy(void *pool) { return pool == (void *) 0x88 ? OK : INVALID_VALUE; }
R cuMemAllocFromPoolAsync(P *p, size_t n, void *pool, void *s) {
  return pool == (void *) 0x88 && s ? take((void **) p, n) : INVALID_VALUE;
}
R cuMemFreeAsync(P p, void *s) { free((void *) p); allocations--; return OK; }
R cuMemHostAlloc(void **p, size_t n, unsigned f) { return take(p, n); }
R cuMemFreeHost(void *p) { free(p); allocations--; return OK; }
R cuMemcpyHtoDAsync_v2(P d, const void *h, size_t n, void *s) { memcpy((void *) d, h, n); return OK; }
R cuMemcpyDtoHAsync_v2(void *h, P d, size_t n, void *s) { memcpy(h, (void *) d, n); return OK; }
R cuMemcpyDtoDAsync_v2(P a, P b, size_t n, void *s) { memcpy((void *) a, (void *) b, n); return OK; }
R cuMemsetD8Async(P d, unsigned char v, size_t n, void *s) { memset((void *) d, v, n); return OK; }
R cuStreamCreate(void **s, unsigned f) { *s = malloc(8); return f == 1 ? OK : INVALID_VALUE; }
R cuStreamDestroy_v2(void *s) { free(s); return OK; }
R cuStreamSynchronize(void *s) { return is_recording ? CAPTURE_UNSUPPORTED : OK; }
R cuStreamWaitEvent(void *s, void *e, unsigned f) { return OK; }
R cuEventCreate(void **e, unsigned f) { *e = malloc(8); return OK; }
R cuEventDestroy_v2(void *e) { free(e); return OK; }
R cuEventRecord(void *e, void *s) { return OK; }
R cuEventSynchronize(void *e) { return OK; }
R cuEventElapsedTime(float *t, void *a, void *b) { *t = 1.5f; return OK; }
R cuModuleLoadData(void **m, const void *image) {
  *m = (void *) 0x99;
  return memcmp(image, "cubin", 5) ? 200 : OK;
}
R cuModuleUnload(void *m) { return m == (void *) 0x99 ? OK : INVALID_VALUE; }
R cuModuleGetFunction(void **f, void *m, const char *name) {
  *f = (void *) 0xaa;
  return strcmp(name, "add") ? 500 : OK;
}
R cuFuncGetAttribute(int *v, int a, void *f) { *v = a == 8 ? 49152 : 0; return OK; }
R cuFuncSetAttribute(void *f, int a, int v) { return a == 8 && v == 100000 ? OK : INVALID_VALUE; }

// The kernel: struct { int64_t *at; int64_t add; } by value.
static R run(void *f, int64_t times, void **params, void **extra) {
  if (f != (void *) 0xaa || params || extra[0] != (void *) 1 || extra[2] != (void *) 2 || extra[4])
    return INVALID_VALUE;
  if (*(size_t *) extra[3] != sizeof(struct job)) return INVALID_VALUE;
  struct job j = *(struct job *) extra[1];
  j.add *= times;
  if (is_recording) recording.jobs[recording.count++] = j;
  else *j.at += j.add;
  return OK;
}
R cuLaunchKernel(void *f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                 unsigned shared, void *s, void **params, void **extra) {
  if (gx != 2 || gy != 3 || gz != 4 || bx != 32 || by != 1 || bz != 1 || shared != 64 || !s)
    return INVALID_VALUE;
  return run(f, 1, params, extra);
}
struct attribute { int id; char pad[4]; union { char bytes[64]; struct { unsigned x, y, z; } d; int flag; } v; };
struct config {
  unsigned gx, gy, gz, bx, by, bz, shared;
  void *stream;
  struct attribute *attributes;
  unsigned count;
};
R cuLaunchKernelEx(const struct config *c, void *f, void **params, void **extra) {
  if (c->gx != 8 || c->gy != 1 || c->gz != 1 || c->bx != 64 || c->shared != 128 || !c->stream
      || c->count != 2)
    return INVALID_VALUE;
  struct attribute *a = c->attributes;
  if (a[0].id != 4 || a[0].v.d.x != 4 || a[0].v.d.y != 1 || a[0].v.d.z != 1) return INVALID_VALUE;
  if (a[1].id != 6 || a[1].v.flag != 1) return INVALID_VALUE;
  return run(f, 10, params, extra);
}
R cuStreamBeginCapture_v2(void *s, int mode) {
  is_recording = 1;
  recording.count = 0;
  return mode == 1 ? OK : INVALID_VALUE;
}
R cuStreamEndCapture(void *s, void **g) {
  is_recording = 0;
  *g = malloc(sizeof recording);
  memcpy(*g, &recording, sizeof recording);
  return OK;
}
R cuGraphInstantiateWithFlags(void **e, void *g, unsigned long long f) {
  *e = malloc(sizeof recording);
  memcpy(*e, g, sizeof recording);
  return OK;
}
R cuGraphDestroy(void *g) { free(g); return OK; }
R cuGraphExecDestroy(void *e) { free(e); return OK; }
R cuGraphLaunch(void *e, void *s) {
  struct graph *g = e;
  for (int i = 0; i < g->count; i++) *g->jobs[i].at += g->jobs[i].add;
  return OK;
}
