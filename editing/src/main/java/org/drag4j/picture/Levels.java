package org.drag4j.picture;

/**
 * An image in floating point, for arithmetic between pictures: levels of sRGB from 0 to 255, or
 * differences of such, or any other numbers a pixel.
 *
 * @param channels numbers a pixel
 * @param values {@code [height, width, channels]}
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record Levels(int width, int height, int channels, float[] values) {
  private static final int COLOURS = 3;

  /** Smoothings of each size of what is made up. */
  private static final int SWEEPS = 30;

  /** A Gaussian is cut off where it is this many deviations wide. */
  private static final double REACH = 4;

  public Levels {
    if (width < 1 || height < 1 || values.length != (long) width * height * channels) {
      throw new IllegalArgumentException(
          "levels: expected %dx%dx%d values, got %d; give one for each channel of each pixel"
              .formatted(width, height, channels, values.length));
    }
  }

  /** All zero. */
  public static Levels zero(int width, int height, int channels) {
    return new Levels(width, height, channels, new float[width * height * channels]);
  }

  /** A picture's levels, laid on white. */
  public static Levels of(Picture picture) {
    var opaque = picture.onWhite();
    byte[] rgb = opaque.rgb();
    var values = new float[rgb.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = rgb[i] & 0xff;
    }
    return new Levels(picture.width(), picture.height(), COLOURS, values);
  }

  /**
   * The levels a decoder gives.
   *
   * @param values {@code [height, width, 3]}, -1 for black to 1 for white; what is beyond is
   *     clamped
   */
  public static Levels fromModel(float[] values, int width, int height) {
    var levels = new float[values.length];
    for (int i = 0; i < levels.length; i++) {
      levels[i] = level(values[i]);
    }
    return new Levels(width, height, COLOURS, levels);
  }

  /** The level, 0 to 255, of a value of a decoder; what is beyond is clamped. */
  static float level(float value) {
    return Math.clamp(value / 2 + 0.5f, 0f, 1f) * 255;
  }

  /** The picture of these levels, clamped and rounded. */
  public Picture picture() {
    byte[] rgb = new byte[values.length];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = (byte) (int) (Math.clamp(values[i], 0f, 255f) + 0.5f);
    }
    return Picture.of(width, height, rgb);
  }

  /** The same at another size, as {@link Picture#resized}. */
  public Levels resized(int newWidth, int newHeight) {
    if (newWidth == width && newHeight == height) {
      return this;
    }
    var made = zero(newWidth, newHeight, channels);
    int length = width * channels;
    Resampling.run(
        width,
        height,
        channels,
        (row, weight, to) -> {
          for (int i = 0; i < length; i++) {
            to[i] += weight * values[row * length + i];
          }
        },
        newWidth,
        newHeight,
        (row, from) -> {
          for (int i = 0; i < from.length; i++) {
            made.values[row * from.length + i] = (float) from[i];
          }
        });
    return made;
  }

  /**
   * A convolution with a Gaussian; beyond its borders the image is mirrored.
   *
   * @param deviation in pixels
   */
  public Levels blurred(double deviation) {
    int radius = (int) Math.ceil(REACH * deviation);
    var kernel = new float[radius + 1];
    double sum = 0;
    for (int i = -radius; i <= radius; i++) {
      sum += Math.exp(-i * i / (2 * deviation * deviation));
    }
    for (int i = 0; i <= radius; i++) {
      kernel[i] = (float) (Math.exp(-i * i / (2 * deviation * deviation)) / sum);
    }
    var across = convolved(kernel, width, channels, height, width * channels);
    return across.convolved(kernel, height, width * channels, 1, 0);
  }

  /**
   * Lines of {@code length} groups of {@code stride} values side by side, {@code lines} of them,
   * {@code apart} values apart.
   */
  private Levels convolved(float[] kernel, int length, int stride, int lines, int apart) {
    var made = new float[values.length];
    for (int line = 0; line < lines; line++) {
      int start = line * apart;
      for (int at = 0; at < length; at++) {
        int to = start + at * stride;
        for (int k = 1 - kernel.length; k < kernel.length; k++) {
          int from = start + mirrored(at + k, length) * stride;
          float weight = kernel[Math.abs(k)];
          for (int i = 0; i < stride; i++) {
            made[to + i] += weight * values[from + i];
          }
        }
      }
    }
    return new Levels(width, height, channels, made);
  }

  private static int mirrored(int at, int length) {
    int period = 2 * length;
    int in = Math.floorMod(at, period);
    return in < length ? in : period - 1 - in;
  }

  /** The difference from another image of the same size. */
  public Levels minus(Levels other) {
    var difference = new float[values.length];
    for (int i = 0; i < difference.length; i++) {
      difference[i] = values[i] - other.values[i];
    }
    return new Levels(width, height, channels, difference);
  }

  /**
   * Every pixel taken from elsewhere.
   *
   * @param from the pixel {@code y * width + x} that each comes from, as many as there are
   */
  public Levels from(int[] from) {
    var taken = new float[values.length];
    for (int i = 0; i < from.length; i++) {
      System.arraycopy(values, from[i] * channels, taken, i * channels, channels);
    }
    return new Levels(width, height, channels, taken);
  }

  /**
   * Every pixel taken from a position, between four pixels by their distance; beyond the borders
   * are the outermost ones.
   *
   * @param x column that each comes from, as many as there are; likewise {@code y}
   */
  public Levels at(float[] x, float[] y) {
    var taken = zero(width, height, channels);
    for (int i = 0; i < x.length; i++) {
      float column = Math.clamp(x[i], 0f, width - 1f);
      float row = Math.clamp(y[i], 0f, height - 1f);
      int left = (int) column;
      int top = (int) row;
      int right = Math.min(left + 1, width - 1);
      int bottom = Math.min(top + 1, height - 1);
      for (int c = 0; c < channels; c++) {
        float above = mixed(left, right, top, c, column - left);
        float below = mixed(left, right, bottom, c, column - left);
        taken.values[i * channels + c] = above + (row - top) * (below - above);
      }
    }
    return taken;
  }

  private float mixed(int left, int right, int row, int c, float share) {
    float from = values[(row * width + left) * channels + c];
    return from + share * (values[(row * width + right) * channels + c] - from);
  }

  /**
   * Pixels made up from those around: each is near the mean of its neighbours.
   *
   * @param unknown of this size, what to make up; 0 where that is everything
   */
  public Levels filled(PixelMask unknown) {
    boolean[] open = new boolean[width * height];
    for (int at = unknown.next(0); at >= 0; at = unknown.next(at + 1)) {
      open[at] = true;
    }
    var made = new Levels(width, height, channels, values.clone());
    made.fill(open);
    return made;
  }

  /** From coarse to fine, each smoothed, so that what is far away is heard too. */
  private void fill(boolean[] open) {
    int w = (width + 1) / 2;
    int h = (height + 1) / 2;
    var coarse = zero(w, h, channels);
    boolean[] coarseOpen = new boolean[w * h];
    boolean any = false;
    for (int at = 0; at < coarseOpen.length; at++) {
      coarseOpen[at] = !coarse.average(at, this, open);
      any |= coarseOpen[at];
    }
    if (any && coarseOpen.length > 1) {
      coarse.fill(coarseOpen);
    }
    for (int at = 0; at < open.length; at++) {
      if (open[at]) {
        int from = (at / width / 2 * w + at % width / 2) * channels;
        System.arraycopy(coarse.values, from, values, at * channels, channels);
      }
    }
    for (int sweep = 0; sweep < SWEEPS; sweep++) {
      for (int i = 0; i < open.length; i++) {
        int at = sweep % 2 == 0 ? i : open.length - 1 - i;
        if (open[at]) {
          smooth(at);
        }
      }
    }
  }

  /** Makes a pixel the mean of the known ones of the four that it stands for; false without any. */
  private boolean average(int at, Levels fine, boolean[] open) {
    int count = 0;
    for (int i = 0; i < 4; i++) {
      int x = at % width * 2 + i % 2;
      int y = at / width * 2 + i / 2;
      if (x < fine.width && y < fine.height && !open[y * fine.width + x]) {
        count++;
        for (int c = 0; c < channels; c++) {
          values[at * channels + c] += fine.values[(y * fine.width + x) * channels + c];
        }
      }
    }
    for (int c = 0; c < channels && count > 0; c++) {
      values[at * channels + c] /= count;
    }
    return count > 0;
  }

  private void smooth(int at) {
    int x = at % width;
    int y = at / width;
    int left = x > 0 ? at - 1 : at;
    int right = x < width - 1 ? at + 1 : at;
    int above = y > 0 ? at - width : at;
    int below = y < height - 1 ? at + width : at;
    for (int c = 0; c < channels; c++) {
      values[at * channels + c] =
          (values[left * channels + c]
                  + values[right * channels + c]
                  + values[above * channels + c]
                  + values[below * channels + c])
              / 4;
    }
  }
}
