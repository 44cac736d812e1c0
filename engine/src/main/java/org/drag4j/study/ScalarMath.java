package org.drag4j.study;

/**
 * The operations once more, in double and in the plainest loops, for devices to be compared with.
 * Layouts are those of the operations; a convolution's weight is as in files, {@code [O, I, k, k]}.
 */
final class ScalarMath {
  private static final int SERIES = 80;

  private ScalarMath() {}

  /** A square kernel; zeros surround the picture. */
  record Convolution(int kernel, int stride, int padBefore, int padAfter) {
    int size(int side) {
      return (side + padBefore + padAfter - kernel) / stride + 1;
    }
  }

  /**
   * @param x {@code [n, h, w, in]}
   * @param weight {@code [out, in, k, k]}
   */
  static double[] conv2d(
      Convolution c, double[] x, int n, int h, int w, double[] weight, double[] bias) {
    int out = bias.length;
    int in = x.length / (n * h * w);
    int rows = c.size(h);
    int columns = c.size(w);
    var y = new double[n * rows * columns * out];
    for (int at = 0; at < y.length; at++) {
      int o = at % out;
      int column = at / out % columns;
      int row = at / out / columns % rows;
      int sample = at / out / columns / rows;
      double sum = bias[o];
      for (int ky = 0; ky < c.kernel(); ky++) {
        for (int kx = 0; kx < c.kernel(); kx++) {
          int iy = row * c.stride() - c.padBefore() + ky;
          int ix = column * c.stride() - c.padBefore() + kx;
          if (iy < 0 || iy >= h || ix < 0 || ix >= w) {
            continue;
          }
          for (int i = 0; i < in; i++) {
            sum +=
                x[((sample * h + iy) * w + ix) * in + i]
                    * weight[((o * in + i) * c.kernel() + ky) * c.kernel() + kx];
          }
        }
      }
      y[at] = sum;
    }
    return y;
  }

  /** {@code x [rows, in]} times {@code weight [out, in]} transposed, plus the bias. */
  static double[] linear(double[] x, int in, double[] weight, double[] bias) {
    int out = bias.length;
    var y = new double[x.length / in * out];
    for (int at = 0; at < y.length; at++) {
      double sum = bias[at % out];
      for (int i = 0; i < in; i++) {
        sum += x[at / out * in + i] * weight[at % out * in + i];
      }
      y[at] = sum;
    }
    return y;
  }

  /** {@code x [n, .., channels]} over space and each group of channels. */
  static double[] groupNorm(
      double[] x, int n, int groups, double eps, double[] scale, double[] shift) {
    int channels = scale.length;
    int each = channels / groups;
    int cells = x.length / n / channels;
    var y = new double[x.length];
    for (int sample = 0; sample < n; sample++) {
      for (int g = 0; g < groups; g++) {
        double mean = 0;
        double square = 0;
        for (int i = 0; i < cells * each; i++) {
          mean += x[(sample * cells + i / each) * channels + g * each + i % each];
        }
        mean /= cells * each;
        for (int i = 0; i < cells * each; i++) {
          double d = x[(sample * cells + i / each) * channels + g * each + i % each] - mean;
          square += d * d;
        }
        double factor = 1 / Math.sqrt(square / (cells * each) + eps);
        for (int i = 0; i < cells * each; i++) {
          int c = g * each + i % each;
          int at = (sample * cells + i / each) * channels + c;
          y[at] = (x[at] - mean) * factor * scale[c] + shift[c];
        }
      }
    }
    return y;
  }

  /** {@code x [rows, channels]} over its last dimension: one group of a sample of one cell. */
  static double[] layerNorm(double[] x, double eps, double[] scale, double[] shift) {
    return groupNorm(x, x.length / scale.length, 1, eps, scale, shift);
  }

  /** q {@code [n, t, heads*d]}, k and v {@code [n, s, heads*d]}. */
  static double[] attention(
      double[] q, double[] k, double[] v, int n, int t, int s, int heads, boolean causal) {
    int channels = q.length / (n * t);
    int d = channels / heads;
    var y = new double[q.length];
    var score = new double[s];
    for (int at = 0; at < n * t * heads; at++) {
      int head = at % heads;
      int query = at / heads % t;
      int sample = at / heads / t;
      int seen = causal ? query + 1 : s;
      int from = (sample * t + query) * channels + head * d;
      double largest = Double.NEGATIVE_INFINITY;
      for (int j = 0; j < seen; j++) {
        double dot = 0;
        for (int i = 0; i < d; i++) {
          dot += q[from + i] * k[(sample * s + j) * channels + head * d + i];
        }
        score[j] = dot / Math.sqrt(d);
        largest = Math.max(largest, score[j]);
      }
      double total = 0;
      for (int j = 0; j < seen; j++) {
        score[j] = Math.exp(score[j] - largest);
        total += score[j];
      }
      for (int j = 0; j < seen; j++) {
        for (int i = 0; i < d; i++) {
          y[from + i] += score[j] / total * v[(sample * s + j) * channels + head * d + i];
        }
      }
    }
    return y;
  }

  static double silu(double x) {
    return x / (1 + Math.exp(-x));
  }

  static double quickGelu(double x) {
    return x / (1 + Math.exp(-1.702 * x));
  }

  static double gelu(double x) {
    return x * (1 + erf(x / Math.sqrt(2))) / 2;
  }

  /** Taylor's series, whose terms only add up: {@code 2/sqrt(pi) exp(-x^2) x (1 + 2x^2/3 + ..)}. */
  static double erf(double x) {
    if (Math.abs(x) > 5) {
      return Math.signum(x);
    }
    double term = x;
    double sum = x;
    for (int i = 1; i < SERIES; i++) {
      term *= 2 * x * x / (2 * i + 1);
      sum += term;
    }
    return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
  }

  /** {@code x [rows, 2c]}: first half times GELU of the second. */
  static double[] geglu(double[] x, int c) {
    var y = new double[x.length / 2];
    for (int at = 0; at < y.length; at++) {
      int row = at / c * 2 * c;
      y[at] = x[row + at % c] * gelu(x[row + c + at % c]);
    }
    return y;
  }

  /** Rows of {@code a [rows, ca]} and {@code b [rows, cb]} joined. */
  static double[] concat(double[] a, int ca, double[] b, int cb) {
    var y = new double[a.length + b.length];
    for (int at = 0; at < y.length; at++) {
      int row = at / (ca + cb);
      int c = at % (ca + cb);
      y[at] = c < ca ? a[row * ca + c] : b[row * cb + c - ca];
    }
    return y;
  }

  /** {@code x [h, w, c]} by nearest neighbour. */
  static double[] upsample(double[] x, int h, int w, int toHeight, int toWidth) {
    int c = x.length / (h * w);
    var y = new double[toHeight * toWidth * c];
    for (int at = 0; at < y.length; at++) {
      int column = at / c % toWidth * w / toWidth;
      int row = at / c / toWidth * h / toHeight;
      y[at] = x[(row * w + column) * c + at % c];
    }
    return y;
  }

  /** Cosines, then sines, of {@code t} times powers of 1/10000. */
  static double[] timesteps(double[] t, int dim) {
    int half = dim / 2;
    var y = new double[t.length * dim];
    for (int at = 0; at < y.length; at++) {
      int i = at % dim;
      double angle = t[at / dim] * Math.pow(10_000, -(double) (i % half) / half);
      y[at] = i < half ? Math.cos(angle) : Math.sin(angle);
    }
    return y;
  }
}
