// Standard normal numbers as PyTorch draws them on CUDA: Philox4x32-10 (Salmon et al. 2011), Box and
// Muller with the sine first. The number of threads is part of the result, so the grid is PyTorch's:
// min(ceil(n / 256), multiprocessors * threads of one / 256) blocks of 256.
#include "prim.cuh"

struct PhiloxNormalArgs {
  void* y;
  i64 n;
  u64 seed;
  u64 offset;                         // of the generator before the call, a multiple of 4
  int blocks;
};

DEV void philox(u32 (&x)[4], u64 seed) {
  u32 k0 = (u32)seed, k1 = (u32)(seed >> 32);
  for (int round = 0; round < 10; round++) {
    const u32 h0 = mul_high(0xD2511F53u, x[0]), l0 = 0xD2511F53u * x[0];
    const u32 h1 = mul_high(0xCD9E8D57u, x[2]), l1 = 0xCD9E8D57u * x[2];
    x[0] = h1 ^ x[1] ^ k0;
    x[1] = l1;
    x[2] = h0 ^ x[3] ^ k1;
    x[3] = l0;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
}

DEV void box_muller(u32 x, u32 y, float& first, float& second) {
  const float tiny = 2.3283064e-10f, turn = 2.3283064e-10f * 6.2831855f;
  const float u = add_rn(mul_rn((float)x, tiny), tiny / 2);
  const float v = add_rn(mul_rn((float)y, turn), turn / 2);
  const float s = sqrtf(-2.f * logf(u));
  first = s * sinf(v);
  second = s * cosf(v);
}

template <class T>
DEV void philox_normal(const PhiloxNormalArgs& p) {
  const i64 threads = (i64)p.blocks * 256, thread = (i64)blockIdx.x * 256 + threadIdx.x;
  u64 counter = p.offset / 4;
  for (i64 first = thread; first < p.n; first += 4 * threads, counter++) {
    u32 x[4] = {(u32)counter, (u32)(counter >> 32), (u32)thread, (u32)((u64)thread >> 32)};
    philox(x, p.seed);
    float v[4];
    box_muller(x[0], x[1], v[0], v[1]);
    box_muller(x[2], x[3], v[2], v[3]);
    for (int i = 0; i < 4; i++) {
      if (first + i * threads < p.n) store(static_cast<T*>(p.y) + first + i * threads, v[i]);
    }
  }
}

KERNEL(256, 4) philox_normal_f16(const PhiloxNormalArgs p) { philox_normal<f16>(p); }
KERNEL(256, 4) philox_normal_f32(const PhiloxNormalArgs p) { philox_normal<float>(p); }
