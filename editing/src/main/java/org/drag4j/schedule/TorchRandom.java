package org.drag4j.schedule;

import java.util.Arrays;

/**
 * Normal random numbers as PyTorch's CPU generator draws them, bit for bit on x86: MT19937
 * (Matsumoto and Nishimura 1998) under two Box-Muller transforms, one for short and one for long
 * tensors.
 *
 * <p>Tensors come in row-major order of the shape they are drawn in, {@code NCHW} for latents. Not
 * safe for use by several threads.
 */
@SuppressWarnings("FloatingPointLiteralPrecision") // coefficients as Cephes prints them
public final class TorchRandom {
  private static final int N = 624;

  /** Length of a {@link #state}. */
  public static final int STATE = N + 4;

  private static final int M = 397;

  /** Tensors at least this long take the block-wise path. */
  private static final int BLOCK = 16;

  private final int[] state = new int[N];
  private int position = N;
  private double cached;
  private boolean hasCached;

  private TorchRandom(int seed) {
    state[0] = seed;
    for (int i = 1; i < N; i++) {
      state[i] = 1812433253 * (state[i - 1] ^ (state[i - 1] >>> 30)) + i;
    }
  }

  /** Another generator in the same state: both give the same numbers from here on. */
  public TorchRandom copy() {
    var copy = new TorchRandom(0);
    System.arraycopy(state, 0, copy.state, 0, N);
    copy.position = position;
    copy.cached = cached;
    copy.hasCached = hasCached;
    return copy;
  }

  /** All that the numbers from here on depend on, {@value #STATE} integers. */
  public int[] state() {
    int[] all = Arrays.copyOf(state, STATE);
    long bits = Double.doubleToRawLongBits(cached);
    all[N] = position;
    all[N + 1] = hasCached ? 1 : 0;
    all[N + 2] = (int) (bits >>> 32);
    all[N + 3] = (int) bits;
    return all;
  }

  /**
   * A generator in a state that another one was in.
   *
   * @throws IllegalArgumentException if no generator can have been
   */
  public static TorchRandom ofState(int[] state) {
    if (state.length != STATE || state[N] < 0 || state[N] > N || (state[N + 1] & ~1) != 0) {
      throw new IllegalArgumentException(
          "random: expected the state of a generator, got "
              + (state.length == STATE
                  ? "position " + state[N] + ", flag " + state[N + 1]
                  : state.length + " integers"));
    }
    var random = new TorchRandom(0);
    System.arraycopy(state, 0, random.state, 0, N);
    random.position = state[N];
    random.hasCached = state[N + 1] == 1;
    random.cached =
        Double.longBitsToDouble((long) state[N + 2] << 32 | (state[N + 3] & 0xffffffffL));
    return random;
  }

  /** A generator after {@code torch.manual_seed(seed)}; only the low 32 bits of the seed count. */
  public static TorchRandom seeded(long seed) {
    return new TorchRandom((int) seed);
  }

  /**
   * {@code n} standard normal values: {@code torch.randn} of a contiguous float32 tensor.
   *
   * @throws IllegalArgumentException if {@code n} is negative
   */
  public float[] randn(int n) {
    if (n < 0) {
      throw new IllegalArgumentException(
          "randn: expected a size of at least 0, got " + n + "; check the shape");
    }
    float[] out = new float[n];
    if (n < BLOCK) {
      for (int i = 0; i < n; i++) {
        out[i] = (float) normal();
      }
      return out;
    }
    for (int i = 0; i < n; i++) {
      out[i] = uniform();
    }
    for (int i = 0; i + BLOCK <= n; i += BLOCK) {
      transform(out, i);
    }
    if (n % BLOCK != 0) {
      // The ragged end is drawn anew as one whole block that overlaps finished values.
      int tail = n - BLOCK;
      for (int i = tail; i < n; i++) {
        out[i] = uniform();
      }
      transform(out, tail);
    }
    return out;
  }

  /** One value in double; every second one is the cached twin of the value before. */
  private double normal() {
    if (hasCached) {
      hasCached = false;
      return cached;
    }
    double u1 = uniform53();
    double u2 = uniform53();
    double radius = StrictMath.sqrt(-2 * StrictMath.log1p(-u2));
    double angle = 2 * Math.PI * u1;
    cached = radius * StrictMath.sin(angle);
    hasCached = true;
    return radius * StrictMath.cos(angle);
  }

  /**
   * Turns 16 uniform values into normal ones: radii from the first half, angles from the second.
   */
  private static void transform(float[] d, int at) {
    for (int j = at; j < at + BLOCK / 2; j++) {
      float radius = (float) Math.sqrt(-2f * log(1f - d[j]));
      float angle = 6.2831855f * d[j + BLOCK / 2];
      sincos(angle, radius, d, j, j + BLOCK / 2);
    }
  }

  private float uniform() {
    return (next() & 0xffffff) * 0x1p-24f;
  }

  private double uniform53() {
    long high = next();
    long low = next() & 0xffffffffL;
    return ((high << 32 | low) & ((1L << 53) - 1)) * 0x1p-53;
  }

  private int next() {
    if (position == N) {
      for (int i = 0; i < N; i++) {
        int y = (state[i] & 0x80000000) | (state[(i + 1) % N] & 0x7fffffff);
        state[i] = state[(i + M) % N] ^ (y >>> 1) ^ ((y & 1) == 0 ? 0 : 0x9908b0df);
      }
      position = 0;
    }
    int y = state[position++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return y ^ (y >>> 18);
  }

  /**
   * Natural logarithm of a normal positive number, the Cephes polynomial in float32, with the fused
   * multiplications that PyTorch's AVX2 build has; another evaluation changes the last bits.
   */
  private static float log(float value) {
    int bits = Float.floatToRawIntBits(value);
    float e = (bits >>> 23) - 126;
    float x = Float.intBitsToFloat((bits & 0x007fffff) | 0x3f000000);
    if (x < 0.70710677f) {
      e -= 1;
      x = x - 1 + x;
    } else {
      x -= 1;
    }
    float z = x * x;
    float y = 7.0376836292e-2f;
    y = Math.fma(y, x, -1.1514610310e-1f);
    y = Math.fma(y, x, 1.1676998740e-1f);
    y = Math.fma(y, x, -1.2420140846e-1f);
    y = Math.fma(y, x, 1.4249322787e-1f);
    y = Math.fma(y, x, -1.6668057665e-1f);
    y = Math.fma(y, x, 2.0000714765e-1f);
    y = Math.fma(y, x, -2.4999993993e-1f);
    y = Math.fma(y, x, 3.3333331174e-1f);
    y *= x;
    y = Math.fma(y, z, e * -2.12194440e-4f);
    y = Math.fma(-z, 0.5f, y);
    return Math.fma(e, 0.693359375f, x + y);
  }

  /** Writes {@code radius * cos(angle)} and {@code radius * sin(angle)}, angle at least 0. */
  private static void sincos(float angle, float radius, float[] out, int cosAt, int sinAt) {
    int octant = ((int) (angle * 1.27323954473516f) + 1) & ~1;
    float j = octant;
    float x = Math.fma(j, -0.78515625f, angle);
    x = Math.fma(j, -2.4187564849853515625e-4f, x);
    x = Math.fma(j, -3.77489497744594108e-8f, x);
    float z = x * x;
    float a = 2.443315711809948e-5f;
    a = Math.fma(a, z, -1.388731625493765e-3f);
    a = Math.fma(a, z, 4.166664568298827e-2f);
    float cosine = Math.fma(a * z, z, -(z * 0.5f)) + 1;
    float b = -1.9515295891e-4f;
    b = Math.fma(b, z, 8.3321608736e-3f);
    b = Math.fma(b, z, -1.6666654611e-1f);
    float sine = Math.fma(b * z, x, x);
    boolean swapped = (octant & 2) != 0;
    float cos = swapped ? sine : cosine;
    float sin = swapped ? cosine : sine;
    out[cosAt] = radius * (((octant - 2) & 4) == 0 ? -cos : cos);
    out[sinAt] = radius * ((octant & 4) == 0 ? sin : -sin);
  }
}
