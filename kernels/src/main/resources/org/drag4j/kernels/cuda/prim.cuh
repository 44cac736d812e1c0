// What the kernels use beyond plain C: number formats, memory, warps, barriers, tensor cores.
// Includes nothing, so that NVRTC needs no include path. DRAG4J_SHIM names a header that implements
// the machine on a CPU; the kernels are then run by the tests as they are.
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long i64;

// Storage of one number; arithmetic is in float.
struct f16 {
  u16 bits;
};
struct bf16 {
  u16 bits;
};

// What one thread moves at a time.
struct alignas(16) Words {
  u32 w[4];
};

#ifdef DRAG4J_SHIM
#include DRAG4J_SHIM
#else

#define DEV static __device__ __forceinline__
#define DEV_MEMBER __device__ __forceinline__
#define KERNEL(threads, blocks) \
  extern "C" __global__ void __launch_bounds__(threads, blocks)
extern __shared__ __align__(128) unsigned char shared_bytes[];
#define SHARED(type, name) type* const name = reinterpret_cast<type*>(shared_bytes)

// Memory. Reading and writing go through these, so that the shim can check every access.
DEV float load(const float* p) { return *p; }
DEV float load(const f16* p) {
  float x;
  asm("cvt.f32.f16 %0, %1;" : "=f"(x) : "h"(p->bits));
  return x;
}
DEV float load(const bf16* p) { return __uint_as_float((u32)p->bits << 16); }
DEV void store(float* p, float x) { *p = x; }
DEV void store(f16* p, float x) {
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(p->bits) : "f"(x));
}
DEV int load_int(const int* p) { return *p; }
DEV int load_byte(const u8* p) { return *p; }
DEV void store_byte(u8* p, int x) { *p = (u8)x; }
DEV u16 load_bits(const f16* p) { return p->bits; }
DEV u32 load_pair(const f16* p) { return *reinterpret_cast<const u32*>(p); }
DEV void store_pair(f16* p, u32 x) { *reinterpret_cast<u32*>(p) = x; }
DEV Words load_words(const void* p) { return *static_cast<const Words*>(p); }
DEV void store_words(void* p, const Words& x) { *static_cast<Words*>(p) = x; }
DEV u32 bits_of(float x) { return __float_as_uint(x); }
DEV float float_of(u32 x) { return __uint_as_float(x); }

DEV u32 pack(float low, float high) {
  u32 y;
  asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(y) : "f"(high), "f"(low));
  return y;
}
DEV void unpack(u32 x, float& low, float& high) {
  asm("{.reg .b16 l, h; mov.b32 {l, h}, %2; cvt.f32.f16 %0, l; cvt.f32.f16 %1, h;}"
      : "=f"(low), "=f"(high)
      : "r"(x));
}

// Shared memory by address; asynchronous copies into it, zeros where not valid.
DEV u32 shared_address(const void* p) { return (u32)__cvta_generic_to_shared(p); }
DEV void copy_async(u32 to, const void* from, bool valid) {
  int n = valid ? 16 : 0;
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(n)
               : "memory");
}
DEV void copy_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }
template <int N>
DEV void copy_wait() {
  asm volatile("cp.async.wait_group %0;" ::"n"(N) : "memory");
}
DEV void store_shared(u32 to, const Words& x) {
  asm volatile("st.shared.v4.b32 [%0], {%1, %2, %3, %4};" ::"r"(to), "r"(x.w[0]), "r"(x.w[1]),
               "r"(x.w[2]), "r"(x.w[3])
               : "memory");
}

// Matrices of 8x8 halves: lane i of each eight names row i; lane l gets row l/4, columns 2(l%4), +1.
DEV void load_matrix4(u32 (&r)[4], u32 at) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(at)
               : "memory");
}
DEV void load_matrix4_transposed(u32 (&r)[4], u32 at) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(at)
               : "memory");
}
DEV void load_matrix2_transposed(u32 (&r)[2], u32 at) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0,%1}, [%2];"
               : "=r"(r[0]), "=r"(r[1])
               : "r"(at)
               : "memory");
}

// c[16x8] += a[16xk] b[kx8] for k 16 and 8, halves with float sums.
DEV void mma_k16(float (&c)[4], const u32 (&a)[4], u32 b0, u32 b1) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
      "{%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}
DEV void mma_k8(float (&c)[4], u32 a0, u32 a1, u32 b0) {
  asm volatile(
      "mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 "
      "{%0,%1,%2,%3}, {%4,%5}, {%6}, {%0,%1,%2,%3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a0), "r"(a1), "r"(b0));
}

// All 32 lanes take part in these.
DEV float shuffle_xor(float x, int mask) {
  float y;
  asm volatile("shfl.sync.bfly.b32 %0, %1, %2, 0x1f, 0xffffffff;" : "=f"(y) : "f"(x), "r"(mask));
  return y;
}
DEV bool warp_any(bool x) {
  int y;
  asm volatile(
      "{.reg .pred p, q; setp.ne.s32 p, %1, 0; vote.sync.any.pred q, p, 0xffffffff; "
      "selp.s32 %0, 1, 0, q;}"
      : "=r"(y)
      : "r"((int)x));
  return y;
}
DEV void sync_warp() { asm volatile("bar.warp.sync 0xffffffff;" ::: "memory"); }
DEV void sync_block() { __syncthreads(); }

DEV float exp2_fast(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}
DEV u32 mul_high(u32 a, u32 b) { return __umulhi(a, b); }
// Products and sums that must not be contracted to one rounding.
DEV float mul_rn(float a, float b) { return __fmul_rn(a, b); }
DEV float add_rn(float a, float b) { return __fadd_rn(a, b); }

#endif

DEV int min_of(int a, int b) { return a < b ? a : b; }
DEV bool is_aligned(const void* p) { return (reinterpret_cast<u64>(p) & 15) == 0; }

// Eight consecutive numbers; p is a multiple of 16 bytes.
DEV void load8(const f16* p, float (&v)[8]) {
  Words x = load_words(p);
  for (int i = 0; i < 4; i++) unpack(x.w[i], v[2 * i], v[2 * i + 1]);
}
DEV void load8(const float* p, float (&v)[8]) {
  Words x = load_words(p), y = load_words(p + 4);
  for (int i = 0; i < 4; i++) {
    v[i] = float_of(x.w[i]);
    v[4 + i] = float_of(y.w[i]);
  }
}
DEV void store8(f16* p, const float (&v)[8]) {
  Words x;
  for (int i = 0; i < 4; i++) x.w[i] = pack(v[2 * i], v[2 * i + 1]);
  store_words(p, x);
}
DEV void store8(float* p, const float (&v)[8]) {
  Words x, y;
  for (int i = 0; i < 4; i++) {
    x.w[i] = bits_of(v[i]);
    y.w[i] = bits_of(v[4 + i]);
  }
  store_words(p, x);
  store_words(p + 4, y);
}

// The first count of eight consecutive numbers, wherever they are; zeros for the others.
template <class T>
DEV void load_some(const T* p, float (&v)[8], int count) {
  if (count == 8 && is_aligned(p)) {
    load8(p, v);
  } else {
    for (int i = 0; i < 8; i++) v[i] = i < count ? load(p + i) : 0.f;
  }
}
template <class T>
DEV void store_some(T* p, const float (&v)[8], int count) {
  if (count == 8 && is_aligned(p)) {
    store8(p, v);
  } else {
    for (int i = 0; i < 8; i++)
      if (i < count) store(p + i, v[i]);
  }
}

DEV float warp_sum(float x) {
  for (int m = 16; m > 0; m >>= 1) x += shuffle_xor(x, m);
  return x;
}
DEV float warp_max(float x) {
  for (int m = 16; m > 0; m >>= 1) x = fmaxf(x, shuffle_xor(x, m));
  return x;
}
