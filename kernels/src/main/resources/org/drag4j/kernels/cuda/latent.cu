// RegionDrag's arithmetic on latents [cells, channels] in single precision, in the order of CycleSde. The
// coefficients of all steps lie in a table on the device, so that a captured graph serves every step.
#include "prim.cuh"

struct LatentStep {
  float signal, noise;                // sqrt(alpha), sqrt(1 - alpha) at the timestep of x
  float to_signal, to_direction;      // sqrt(alpha), sqrt(1 - alpha - sigma^2) at the other timestep
  float sigma;
  float keep, add;                    // the way out: x * keep + noise * add
};

// One step back, then what the next step starts with: pasted cells, the visited latent outside the mask.
struct LatentUpdateArgs {
  const float* x;                     // [cells, channels]
  const void* output;                 // the network's, at x
  const float* stored;                // noise to add; null for none
  const float* visited;               // the latent of the next step on the way out; null: no paste, no mask
  const int* from;                    // [cells]: the cell of `visited` to paste, or -1; null: no paste
  const u8* editable;                 // [cells]: 0 where `visited` is kept; null: no mask
  const LatentStep* steps;
  const int* step;                    // null: the first
  float* y;                           // may be x
  void* input;                        // y as the network takes it; null for none
  i64 stored_step, visited_step;      // elements from one step to the next
  int cells, channels;
  int velocity;                       // the network predicts v instead of the noise
};

DEV LatentStep load_step(const LatentStep* steps, int i) {
  const float* f = &steps[i].signal;
  return {load(f), load(f + 1), load(f + 2), load(f + 3), load(f + 4), load(f + 5), load(f + 6)};
}
DEV float epsilon_of(const LatentStep& s, int velocity, float x, float output) {
  return velocity ? s.signal * output + s.noise * x : output;
}

template <class T>
DEV void latent_update(const LatentUpdateArgs& p) {
  const int i = blockIdx.x * 256 + threadIdx.x;
  if (i >= p.cells * p.channels) return;
  const int cell = i / p.channels, c = i % p.channels, step = p.step ? load_int(p.step) : 0;
  const LatentStep s = load_step(p.steps, step);
  const float x = load(p.x + i);
  const float epsilon = epsilon_of(s, p.velocity, x, load(static_cast<const T*>(p.output) + i));
  const float clean = (x - s.noise * epsilon) / s.signal;
  float y = s.to_signal * clean + s.to_direction * epsilon;
  if (p.stored) y += s.sigma * load(p.stored + step * p.stored_step + i);
  if (p.visited) {
    const float* visited = p.visited + step * p.visited_step;
    const int from = p.from ? load_int(p.from + cell) : -1;
    if (from >= 0) y = load(visited + from * p.channels + c);
    if (p.editable && !load_byte(p.editable + cell)) y = load(visited + i);
  }
  store(p.y + i, y);
  if (p.input) store(static_cast<T*>(p.input) + i, y);
}

// The noise that `latent_update` must add at `noisy` to return to x (CycleSde.recoverNoise).
struct LatentRecoverArgs {
  const float *x, *noisy;             // [steps, cells * channels]
  const void* output;                 // the network's, at `noisy`
  const LatentStep* steps;            // one for each of x
  float* stored;
  int size, count;                    // cells * channels; steps
  int velocity;
};

template <class T>
DEV void latent_recover(const LatentRecoverArgs& p) {
  const int i = blockIdx.x * 256 + threadIdx.x;
  if (i >= p.size * p.count) return;
  const LatentStep s = load_step(p.steps, i / p.size);
  const float noisy = load(p.noisy + i);
  const float epsilon = epsilon_of(s, p.velocity, noisy, load(static_cast<const T*>(p.output) + i));
  const float clean = (noisy - s.noise * epsilon) / s.signal;
  store(p.stored + i, (load(p.x + i) - s.to_signal * clean - s.to_direction * epsilon) / s.sigma);
}

// The way out, all steps at once: each state is the one before times keep plus fresh noise times add.
// Noise comes as PyTorch draws it, [steps, channels, cells].
struct LatentNoiseArgs {
  const float *x, *noise;
  const LatentStep* steps;
  float* states;                      // [steps, cells, channels]
  void* input;                        // the states as the network takes them; null for none
  int cells, channels, count;
};

template <class T>
DEV void latent_noise(const LatentNoiseArgs& p) {
  const int i = blockIdx.x * 256 + threadIdx.x, size = p.cells * p.channels;
  if (i >= size) return;
  const int cell = i / p.channels, c = i % p.channels;
  float x = load(p.x + i);
  for (int k = 0; k < p.count; k++) {
    const LatentStep s = load_step(p.steps, k);
    x = s.keep * x + s.add * load(p.noise + (i64)k * size + c * p.cells + cell);
    store(p.states + (i64)k * size + i, x);
    if (p.input) store(static_cast<T*>(p.input) + (i64)k * size + i, x);
  }
}

// Noise on the handle cells: x * keep + noise * add where `drawn` says which draw is the cell's.
struct LatentHandleArgs {
  const float *x, *noise;             // noise [channels, draws]
  const int* drawn;                   // [cells], or -1
  float* y;                           // may be x
  int cells, channels, draws;
  float keep, add;
};

KERNEL(256, 4) latent_update_f16(const LatentUpdateArgs p) { latent_update<f16>(p); }
KERNEL(256, 4) latent_update_f32(const LatentUpdateArgs p) { latent_update<float>(p); }
KERNEL(256, 4) latent_recover_f16(const LatentRecoverArgs p) { latent_recover<f16>(p); }
KERNEL(256, 4) latent_recover_f32(const LatentRecoverArgs p) { latent_recover<float>(p); }
KERNEL(256, 4) latent_noise_f16(const LatentNoiseArgs p) { latent_noise<f16>(p); }
KERNEL(256, 4) latent_noise_f32(const LatentNoiseArgs p) { latent_noise<float>(p); }
KERNEL(256, 4) latent_handle_f32(const LatentHandleArgs p) {
  const int i = blockIdx.x * 256 + threadIdx.x;
  if (i >= p.cells * p.channels) return;
  const int c = i % p.channels, draw = load_int(p.drawn + i / p.channels);
  const float x = load(p.x + i);
  store(p.y + i, draw < 0 ? x : x * p.keep + load(p.noise + (i64)c * p.draws + draw) * p.add);
}
