// Pictures of 8 bits into the encoder's values, -1 for black to 1 for white, and back.
#include "prim.cuh"

struct ImageInArgs {
  const u8* rgb;                      // [pixels, 3]
  void* y;                            // [pixels, ldy]; zeros beyond the third
  int pixels, ldy;
};

struct ImageOutArgs {
  const void* x;                      // [pixels, 3]
  const u8* original;                 // [pixels, 3]
  const u8* inside;                   // [pixels]: 0 where the original stays; null: nowhere
  u8* rgb;
  int pixels;
  float add;                          // 0 truncates to whole levels, 0.5 rounds
};

template <class T>
DEV void image_in(const ImageInArgs& p) {
  const i64 i = (i64)blockIdx.x * 256 + threadIdx.x;
  if (i >= (i64)p.pixels * p.ldy) return;
  const i64 pixel = i / p.ldy;
  const int c = (int)(i % p.ldy);
  const float level = c < 3 ? (float)load_byte(p.rgb + pixel * 3 + c) : 0.f;
  store(static_cast<T*>(p.y) + i, c < 3 ? add_rn(mul_rn(level / 255.f, 2.f), -1.f) : 0.f);
}

template <class T>
DEV void image_out(const ImageOutArgs& p) {
  const i64 i = (i64)blockIdx.x * 256 + threadIdx.x;
  if (i >= (i64)p.pixels * 3) return;
  int level;
  if (p.inside && !load_byte(p.inside + i / 3)) {
    level = load_byte(p.original + i);
  } else {
    // fmaxf takes the number where the other is none: no number becomes black.
    const float x = load(static_cast<const T*>(p.x) + i) / 2 + 0.5f;
    level = (int)add_rn(mul_rn(fminf(fmaxf(x, 0.f), 1.f), 255.f), p.add);
  }
  store_byte(p.rgb + i, level);
}

KERNEL(256, 4) image_in_f16(const ImageInArgs p) { image_in<f16>(p); }
KERNEL(256, 4) image_in_f32(const ImageInArgs p) { image_in<float>(p); }
KERNEL(256, 4) image_out_f16(const ImageOutArgs p) { image_out<f16>(p); }
KERNEL(256, 4) image_out_f32(const ImageOutArgs p) { image_out<float>(p); }
