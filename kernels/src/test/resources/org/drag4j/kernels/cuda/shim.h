// The machine of prim.cuh on a CPU: runs the kernels' own sources, each thread of a block a fiber.
//
// What it does not forgive: global accesses outside the buffers of the call, or to those it may not write
// to, or not aligned; shared accesses by address outside the block's memory; lanes of a warp that meet in
// different instructions; barriers not all threads reach; waits for one another. Copies that are
// asynchronous land at the wait that guarantees them, shared memory starts as NaN, and warps run in
// random order, so that a missing wait or barrier shows in the numbers. Products of tensor cores are
// summed exactly and rounded once.
#pragma once
#include <setjmp.h>
#include <ucontext.h>

#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#define DEV static inline
#define DEV_MEMBER inline
#define KERNEL(threads, blocks) static void
#define SHARED(type, name) type* const name = reinterpret_cast<type*>(shim::shared)

struct Index {
  unsigned x, y, z;
};
static Index threadIdx, blockIdx, blockDim, gridDim;

namespace shim {

const int MAX_THREADS = 256, MAX_SHARED = 128 << 10, GUARD = 256, STACK = 64 << 10;
const int COPIES = 512, GROUPS = 16;

struct Range {
  const unsigned char* start;
  i64 size;
  i64 writable;
};

struct Copy {
  u32 to;
  const void* from;
  bool valid;
};

enum State { READY, AT_WARP, AT_BLOCK, DONE };

struct Fiber {
  jmp_buf at;
  ucontext_t start;
  bool started;
  State state;
  Index thread;
  // Copies under way, in groups; the last group is still open.
  Copy copies[COPIES];
  int copied, group_end[GROUPS], groups;
};

// A warp's meeting: what each lane brings and takes away.
struct Warp {
  int arrived;
  const char* what;
  u32 in[32][12], out[32][4];
};

static Fiber fibers[MAX_THREADS];
static Warp warps[MAX_THREADS / 32];
static unsigned char* stacks;
static jmp_buf scheduler;
static int current, threads, waiting;
static const Range* ranges;
static int range_count;
alignas(128) static unsigned char memory[GUARD + MAX_SHARED + GUARD];
static unsigned char* const shared = memory + GUARD;
static int shared_size;
static char* error;
static int error_size;
static bool failed;
static u64 random_state;
static void (*body)(const void*);
static const void* arguments;
static float half_values[1 << 16];

static u32 random_number() {
  random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
  return (u32)(random_state >> 33);
}

// Ends the launch: this fiber is not resumed.
[[noreturn]] static void fail(const char* format, ...) {
  if (!failed) {
    va_list list;
    va_start(list, format);
    int n = snprintf(error, error_size, "thread %u of block %u,%u,%u: ", threadIdx.x, blockIdx.x,
                     blockIdx.y, blockIdx.z);
    vsnprintf(error + n, error_size - n, format, list);
    va_end(list);
    failed = true;
  }
  _longjmp(scheduler, 1);
}

static void pause(State state) {
  Fiber& f = fibers[current];
  f.state = state;
  if (!_setjmp(f.at)) _longjmp(scheduler, 1);
}

static void loop() {
  for (;;) {
    body(arguments);
    pause(DONE);
  }
}

static void resume(int i) {
  Fiber& f = fibers[i];
  current = i;
  threadIdx = f.thread;
  if (_setjmp(scheduler)) return;
  if (f.started) _longjmp(f.at, 1);
  f.started = true;
  getcontext(&f.start);
  f.start.uc_stack.ss_sp = stacks + (size_t)i * STACK;
  f.start.uc_stack.ss_size = STACK;
  f.start.uc_link = nullptr;
  makecontext(&f.start, loop, 0);
  setcontext(&f.start);
}

static void check(const void* p, int size, int alignment, bool write) {
  if ((u64)p % alignment) fail("misaligned access at %p, %d bytes", p, size);
  for (int i = 0; i < range_count; i++) {
    const i64 at = (const unsigned char*)p - ranges[i].start;
    if (at >= 0 && at + size <= ranges[i].size) {
      if (write && !ranges[i].writable) fail("write to buffer %d, which is read only", i);
      return;
    }
  }
  fail("%s of %d bytes outside every buffer", write ? "write" : "read", size);
}

static void check_shared(u32 at, int size) {
  if (at % size || at + size > (u32)shared_size) {
    fail("shared memory: expected %d aligned bytes below %d, got %u", size, shared_size, at);
  }
}

static void run_block(int count) {
  threads = count;
  waiting = 0;
  memset(memory, 0xFF, GUARD + shared_size + GUARD);
  for (int w = 0; w < count / 32; w++) warps[w].arrived = 0;
  for (int i = 0; i < count; i++) {
    Fiber& f = fibers[i];
    f.state = READY;
    f.thread = {(unsigned)i, 0, 0};
    f.copied = 0;
    f.groups = 0;
  }
  for (;;) {
    // A random warp runs until all its lanes wait at a barrier or have ended, or for a random while.
    const int warp_count = count / 32;
    int w = random_number() % warp_count, tried = 0;
    auto ready = [&](int warp) {
      for (int i = warp * 32; i < warp * 32 + 32; i++)
        if (fibers[i].state == READY) return true;
      return false;
    };
    while (tried < warp_count && !ready(w)) {
      w = (w + 1) % warp_count;
      tried++;
    }
    if (tried == warp_count) break;
    for (int turns = 1 + random_number() % 64; turns > 0; turns--) {
      const int first = random_number() % 32;
      bool any = false;
      for (int k = 0; k < 32; k++) {
        const int i = w * 32 + (first + k) % 32;
        if (fibers[i].state != READY) continue;
        any = true;
        resume(i);
        if (failed) return;
      }
      if (!any) break;
    }
  }
  for (int i = 0; i < count; i++) {
    if (fibers[i].state == DONE) continue;
    current = i;
    threadIdx = fibers[i].thread;
    if (_setjmp(scheduler)) return;
    if (fibers[i].state == AT_BLOCK) fail("waits at a barrier that %d of %d reached", waiting, count);
    fail("waits for its warp in %s", warps[i / 32].what);
  }
  for (int i = 0; i < GUARD; i++) {
    if (memory[i] == 0xFF && shared[shared_size + i] == 0xFF) continue;
    if (_setjmp(scheduler)) return;
    fail("wrote outside shared memory, %d bytes", shared_size);
  }
}

// Lanes bring `count` words; the last to come does `work`, and all take their words away.
template <class Work>
static const u32* meet(const char* what, const u32* in, int count, Work work) {
  const int lane = current % 32;
  Warp& warp = warps[current / 32];
  if (warp.arrived == 0) warp.what = what;
  if (warp.what != what) fail("a lane is in %s while another is in %s", what, warp.what);
  for (int i = 0; i < count; i++) warp.in[lane][i] = in[i];
  if (++warp.arrived < 32) {
    pause(AT_WARP);
  } else {
    work(warp);
    warp.arrived = 0;
    for (int i = current / 32 * 32; i < current / 32 * 32 + 32; i++) fibers[i].state = READY;
  }
  return warp.out[lane];
}

static float to_float(u16 h) { return half_values[h]; }

static float decode_half(u16 h) {
  const int exponent = h >> 10 & 31, fraction = h & 1023;
  float x = exponent == 0    ? ldexpf((float)fraction, -24)
            : exponent == 31 ? (fraction ? NAN : INFINITY)
                             : ldexpf((float)(fraction | 1024), exponent - 25);
  return h & 0x8000 ? -x : x;
}

// To the nearest half, ties to even.
static u16 to_half(float x) {
  u32 bits;
  memcpy(&bits, &x, 4);
  const u16 sign = bits >> 16 & 0x8000;
  const u32 size = bits & 0x7fffffff;
  if (size > 0x7f800000) return sign | 0x7fff;
  if (size >= 0x477ff000) return sign | 0x7c00;
  if (size < 0x38800000) {  // a multiple of 2^-24
    float scaled;
    memcpy(&scaled, &size, 4);
    return sign | (u16)nearbyintf(scaled * 16777216.f);
  }
  const u32 half = size - 0x38000000, odd = half >> 13 & 1;
  return sign | (u16)((half + 0xfff + odd) >> 13);
}

static void matrices(Warp& warp, int count, bool transposed) {
  for (int m = 0; m < count; m++) {
    u16 rows[8][8];
    for (int r = 0; r < 8; r++) {
      check_shared(warp.in[m * 8 + r][0], 16);
      memcpy(rows[r], shared + warp.in[m * 8 + r][0], 16);
    }
    for (int lane = 0; lane < 32; lane++) {
      const int r = lane / 4, c = lane % 4 * 2;
      const u16 low = transposed ? rows[c][r] : rows[r][c];
      const u16 high = transposed ? rows[c + 1][r] : rows[r][c + 1];
      warp.out[lane][m] = low | (u32)high << 16;
    }
  }
}

// Words 0..3 of a lane are a, 4 and 5 are b, 6..9 are c.
static void multiply(Warp& warp, int k_size) {
  float a[16][16], b[8][16];
  for (int lane = 0; lane < 32; lane++) {
    const int g = lane / 4, t = lane % 4 * 2;
    const u32* in = warp.in[lane];
    auto put = [](float* at, u32 two) {
      at[0] = to_float(two & 0xffff);
      at[1] = to_float(two >> 16);
    };
    put(&a[g][t], in[0]);
    put(&a[g + 8][t], in[1]);
    put(&b[g][t], in[4]);
    if (k_size == 16) {
      put(&a[g][t + 8], in[2]);
      put(&a[g + 8][t + 8], in[3]);
      put(&b[g][t + 8], in[5]);
    }
  }
  for (int lane = 0; lane < 32; lane++) {
    for (int i = 0; i < 4; i++) {
      const int row = lane / 4 + i / 2 * 8, column = lane % 4 * 2 + i % 2;
      float c;
      memcpy(&c, &warp.in[lane][6 + i], 4);
      double sum = c;
      for (int k = 0; k < k_size; k++) sum += (double)a[row][k] * b[column][k];
      c = (float)sum;
      memcpy(&warp.out[lane][i], &c, 4);
    }
  }
}

}  // namespace shim

DEV float float_of(u32 x) {
  float y;
  memcpy(&y, &x, 4);
  return y;
}
DEV u32 bits_of(float x) {
  u32 y;
  memcpy(&y, &x, 4);
  return y;
}

template <class T>
DEV T shim_read(const void* p) {
  shim::check(p, sizeof(T), sizeof(T), false);
  T x;
  memcpy(&x, p, sizeof(T));
  return x;
}
template <class T>
DEV void shim_write(void* p, const T& x) {
  shim::check(p, sizeof(T), sizeof(T), true);
  memcpy(p, &x, sizeof(T));
}

DEV float load(const float* p) { return shim_read<float>(p); }
DEV float load(const f16* p) { return shim::to_float(shim_read<u16>(p)); }
DEV float load(const bf16* p) { return float_of((u32)shim_read<u16>(p) << 16); }
DEV void store(float* p, float x) { shim_write(p, x); }
DEV void store(f16* p, float x) { shim_write(p, shim::to_half(x)); }
DEV int load_int(const int* p) { return shim_read<int>(p); }
DEV int load_byte(const u8* p) { return shim_read<u8>(p); }
DEV void store_byte(u8* p, int x) { shim_write(p, (u8)x); }
DEV u16 load_bits(const f16* p) { return shim_read<u16>(p); }
DEV u32 load_pair(const f16* p) { return shim_read<u32>(p); }
DEV void store_pair(f16* p, u32 x) { shim_write(p, x); }
DEV Words load_words(const void* p) { return shim_read<Words>(p); }
DEV void store_words(void* p, const Words& x) { shim_write(p, x); }

DEV u32 pack(float low, float high) { return shim::to_half(low) | (u32)shim::to_half(high) << 16; }
DEV void unpack(u32 x, float& low, float& high) {
  low = shim::to_float(x & 0xffff);
  high = shim::to_float(x >> 16);
}

DEV u32 shared_address(const void* p) { return (u32)((const unsigned char*)p - shim::shared); }
DEV void copy_async(u32 to, const void* from, bool valid) {
  shim::Fiber& f = shim::fibers[shim::current];
  shim::check_shared(to, 16);
  if (valid) shim::check(from, 16, 16, false);
  if (f.copied == shim::COPIES) shim::fail("expected at most %d copies under way", shim::COPIES);
  f.copies[f.copied++] = {to, from, valid};
}
DEV void copy_commit() {
  shim::Fiber& f = shim::fibers[shim::current];
  if (f.groups == shim::GROUPS) shim::fail("expected at most %d groups under way", shim::GROUPS);
  f.group_end[f.groups++] = f.copied;
}
template <int N>
DEV void copy_wait() {
  shim::Fiber& f = shim::fibers[shim::current];
  if (f.groups <= N) return;
  const int landed = f.groups - N, end = f.group_end[landed - 1];
  for (int i = 0; i < end; i++) {
    const shim::Copy& c = f.copies[i];
    if (c.valid) {
      memcpy(shim::shared + c.to, c.from, 16);
    } else {
      memset(shim::shared + c.to, 0, 16);
    }
  }
  for (int i = end; i < f.copied; i++) f.copies[i - end] = f.copies[i];
  for (int i = landed; i < f.groups; i++) f.group_end[i - landed] = f.group_end[i] - end;
  f.copied -= end;
  f.groups -= landed;
}
DEV void store_shared(u32 to, const Words& x) {
  shim::check_shared(to, 16);
  memcpy(shim::shared + to, &x, 16);
}

#define SHIM_MATRICES(name, count, transposed)                                                        \
  DEV void name(u32(&r)[count], u32 at) {                                                             \
    const u32* out = shim::meet(#name, &at, 1,                                                        \
                                [](shim::Warp& warp) { shim::matrices(warp, count, transposed); });   \
    for (int i = 0; i < count; i++) r[i] = out[i];                                                    \
  }
SHIM_MATRICES(load_matrix4, 4, false)
SHIM_MATRICES(load_matrix4_transposed, 4, true)
SHIM_MATRICES(load_matrix2_transposed, 2, true)

DEV void mma_k16(float (&c)[4], const u32 (&a)[4], u32 b0, u32 b1) {
  u32 in[10] = {a[0], a[1], a[2], a[3], b0, b1};
  memcpy(in + 6, c, 16);
  memcpy(c, shim::meet("mma_k16", in, 10, [](shim::Warp& warp) { shim::multiply(warp, 16); }), 16);
}
DEV void mma_k8(float (&c)[4], u32 a0, u32 a1, u32 b0) {
  u32 in[10] = {a0, a1, 0, 0, b0, 0};
  memcpy(in + 6, c, 16);
  memcpy(c, shim::meet("mma_k8", in, 10, [](shim::Warp& warp) { shim::multiply(warp, 8); }), 16);
}

DEV float shuffle_xor(float x, int mask) {
  u32 in[2] = {bits_of(x), (u32)mask};
  return float_of(*shim::meet("shuffle_xor", in, 2, [](shim::Warp& warp) {
    for (int i = 0; i < 32; i++) warp.out[i][0] = warp.in[(i ^ warp.in[i][1]) & 31][0];
  }));
}
DEV bool warp_any(bool x) {
  u32 in = x;
  return *shim::meet("warp_any", &in, 1, [](shim::Warp& warp) {
    u32 any = 0;
    for (int i = 0; i < 32; i++) any |= warp.in[i][0];
    for (int i = 0; i < 32; i++) warp.out[i][0] = any;
  });
}
DEV void sync_warp() {
  shim::meet("sync_warp", nullptr, 0, [](shim::Warp&) {});
}
DEV void sync_block() {
  if (++shim::waiting < shim::threads) {
    shim::pause(shim::AT_BLOCK);
  } else {
    shim::waiting = 0;
    for (int i = 0; i < shim::threads; i++) shim::fibers[i].state = shim::READY;
  }
}

DEV float exp2_fast(float x) { return exp2f(x); }
DEV u32 mul_high(u32 a, u32 b) { return (u32)((u64)a * b >> 32); }
DEV float mul_rn(float a, float b) { return a * b; }
DEV float add_rn(float a, float b) { return a + b; }

// What the test calls: a kernel by number, over a grid. 0, or -1 with the reason in `message`.
struct ShimKernel {
  const char* name;
  void (*run)(const void*);
};
extern const ShimKernel shim_kernels[];
extern const int shim_kernel_count;

extern "C" int shim_launch(const char* name, const void* args, int x, int y, int z, int threads,
                           int shared_size, const void* ranges, int range_count, u64 seed, char* message,
                           int message_size) {
  shim::error = message;
  shim::error_size = message_size;
  const ShimKernel* kernel = nullptr;
  for (int i = 0; i < shim_kernel_count; i++) {
    if (!strcmp(shim_kernels[i].name, name)) kernel = &shim_kernels[i];
  }
  if (!kernel || threads % 32 || threads < 32 || threads > shim::MAX_THREADS || shared_size < 0 ||
      shared_size > shim::MAX_SHARED) {
    snprintf(message, message_size, "%s: no such kernel, or %d threads, or %d bytes", name, threads, shared_size);
    return -1;
  }
  if (!shim::stacks) {
    shim::stacks = (unsigned char*)malloc((size_t)shim::MAX_THREADS * shim::STACK);
    for (int h = 0; h < 1 << 16; h++) shim::half_values[h] = shim::decode_half((u16)h);
  }
  shim::ranges = (const shim::Range*)ranges;
  shim::range_count = range_count;
  shim::shared_size = shared_size;
  shim::random_state = seed;
  shim::body = kernel->run;
  shim::arguments = args;
  shim::failed = false;
  gridDim = {(unsigned)x, (unsigned)y, (unsigned)z};
  blockDim = {(unsigned)threads, 1, 1};
  for (blockIdx.z = 0; blockIdx.z < (unsigned)z; blockIdx.z++)
    for (blockIdx.y = 0; blockIdx.y < (unsigned)y; blockIdx.y++)
      for (blockIdx.x = 0; blockIdx.x < (unsigned)x; blockIdx.x++) {
        shim::run_block(threads);
        if (shim::failed) {
          // What was left in the middle starts afresh next time.
          for (shim::Fiber& f : shim::fibers) f.started = false;
          return -1;
        }
      }
  return 0;
}
