package org.drag4j.edit;

import java.util.Arrays;
import org.drag4j.geometry.RegionMask;

/** An immutable picture of 8 bits of red, green and blue a pixel. */
public final class Picture {
  private static final int CHANNELS = 3;
  private static final int MAX_PIXELS = Integer.MAX_VALUE / CHANNELS;

  private final int width;
  private final int height;
  private final byte[] rgb;

  private Picture(int width, int height, byte[] rgb) {
    this.width = width;
    this.height = height;
    this.rgb = rgb;
  }

  /**
   * A picture of these bytes, which are not copied and must not change any more.
   *
   * @param rgb {@code [height, width, 3]}
   * @throws IllegalArgumentException if the sizes disagree
   */
  public static Picture of(int width, int height, byte[] rgb) {
    if (width < 1
        || height < 1
        || (long) width * height > MAX_PIXELS
        || rgb.length != width * height * CHANNELS) {
      throw new IllegalArgumentException(
          "picture: expected "
              + width
              + "x"
              + height
              + "x3 bytes, got "
              + rgb.length
              + "; give three for each pixel");
    }
    return new Picture(width, height, rgb);
  }

  /**
   * The picture a decoder gives.
   *
   * @param values {@code [height, width, 3]}, -1 for black to 1 for white; what is beyond is
   *     clamped, and no number is black
   * @param faithful whether to truncate to whole levels, as the released RegionDrag does, instead
   *     of rounding
   */
  public static Picture fromModel(float[] values, int width, int height, boolean faithful) {
    byte[] rgb = new byte[values.length];
    float add = faithful ? 0f : 0.5f;
    for (int i = 0; i < values.length; i++) {
      float level = Math.clamp(values[i] / 2 + 0.5f, 0f, 1f) * 255;
      rgb[i] = (byte) (int) (level + add);
    }
    return of(width, height, rgb);
  }

  /** Pixels per row. */
  public int width() {
    return width;
  }

  /** Rows. */
  public int height() {
    return height;
  }

  /** A copy of the bytes, {@code [height, width, 3]}. */
  public byte[] rgb() {
    return rgb.clone();
  }

  /** One level, 0 to 255. */
  public int level(int x, int y, int channel) {
    return rgb[(y * width + x) * CHANNELS + channel] & 0xff;
  }

  /** The values an encoder takes: {@code [height, width, 3]}, -1 for black to 1 for white. */
  public float[] toModel() {
    float[] values = new float[rgb.length];
    for (int i = 0; i < rgb.length; i++) {
      values[i] = (rgb[i] & 0xff) / 255f * 2f - 1f;
    }
    return values;
  }

  /**
   * This picture at another size: along each side the mean of the area a new pixel covers where it
   * shrinks, linear interpolation between pixel centres where it grows.
   */
  public Picture resized(int newWidth, int newHeight) {
    if (newWidth == width && newHeight == height) {
      return this;
    }
    var columns = Resampling.of(width, newWidth);
    var rows = Resampling.of(height, newHeight);
    if ((long) newWidth * newHeight > MAX_PIXELS) {
      throw new IllegalArgumentException(
          "picture: expected at most "
              + MAX_PIXELS
              + " pixels, got "
              + newWidth
              + "x"
              + newHeight
              + "; use a smaller size");
    }
    byte[] out = new byte[newWidth * newHeight * CHANNELS];
    double[] row = new double[width * CHANNELS];
    for (int y = 0; y < newHeight; y++) {
      Arrays.fill(row, 0);
      for (int k = 0; k < rows.weights[y].length; k++) {
        int from = (rows.first[y] + k) * row.length;
        double weight = rows.weights[y][k];
        for (int i = 0; i < row.length; i++) {
          row[i] += weight * (rgb[from + i] & 0xff);
        }
      }
      for (int x = 0; x < newWidth; x++) {
        for (int c = 0; c < CHANNELS; c++) {
          double sum = 0;
          for (int k = 0; k < columns.weights[x].length; k++) {
            sum += columns.weights[x][k] * row[(columns.first[x] + k) * CHANNELS + c];
          }
          out[(y * newWidth + x) * CHANNELS + c] = (byte) (int) (sum + 0.5);
        }
      }
    }
    return new Picture(newWidth, newHeight, out);
  }

  /** For every new position along a side, the old ones it takes from and their shares. */
  private static final class Resampling {
    final int[] first;
    final double[][] weights;

    private Resampling(int[] first, double[][] weights) {
      this.first = first;
      this.weights = weights;
    }

    static Resampling of(int from, int to) {
      if (to < 1) {
        throw new IllegalArgumentException(
            "picture: expected a size of at least 1, got " + to + "; use a larger size");
      }
      int[] first = new int[to];
      double[][] weights = new double[to][];
      double scale = (double) from / to;
      for (int i = 0; i < to; i++) {
        if (scale <= 1) {
          double centre = Math.clamp((i + 0.5) * scale - 0.5, 0, from - 1);
          first[i] = Math.min((int) centre, Math.max(from - 2, 0));
          double share = centre - first[i];
          weights[i] = from == 1 ? new double[] {1} : new double[] {1 - share, share};
        } else {
          double low = i * scale;
          double high = Math.min((i + 1) * scale, from);
          first[i] = (int) low;
          int last = Math.min((int) Math.ceil(high), from) - 1;
          weights[i] = new double[last - first[i] + 1];
          for (int k = 0; k < weights[i].length; k++) {
            double at = first[i] + k;
            weights[i][k] = (Math.min(at + 1, high) - Math.max(at, low)) / (high - low);
          }
        }
      }
      return new Resampling(first, weights);
    }
  }

  /**
   * This picture where {@code inside}, {@code outside} everywhere else.
   *
   * @throws IllegalArgumentException if the sizes differ
   */
  public Picture composite(RegionMask inside, Picture outside) {
    requireSize(outside.width, outside.height);
    requireSize(inside.width(), inside.height());
    byte[] out = outside.rgb.clone();
    for (int at = inside.next(0); at >= 0; at = inside.next(at + 1)) {
      System.arraycopy(rgb, at * CHANNELS, out, at * CHANNELS, CHANNELS);
    }
    return new Picture(width, height, out);
  }

  /**
   * Peak signal to noise ratio in dB over all levels; infinite for equal pictures.
   *
   * @throws IllegalArgumentException if the sizes differ
   */
  public double psnr(Picture other) {
    requireSize(other.width, other.height);
    double squares = 0;
    for (int i = 0; i < rgb.length; i++) {
      double difference = (rgb[i] & 0xff) - (other.rgb[i] & 0xff);
      squares += difference * difference;
    }
    return 10 * Math.log10(255.0 * 255.0 * rgb.length / squares);
  }

  private void requireSize(int otherWidth, int otherHeight) {
    if (otherWidth != width || otherHeight != height) {
      throw new IllegalArgumentException(
          "picture: expected "
              + width
              + "x"
              + height
              + ", got "
              + otherWidth
              + "x"
              + otherHeight
              + "; resize one of them");
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Picture that
        && width == that.width
        && height == that.height
        && Arrays.equals(rgb, that.rgb);
  }

  @Override
  public int hashCode() {
    return 31 * (31 * width + height) + Arrays.hashCode(rgb);
  }

  @Override
  public String toString() {
    return "Picture[" + width + "x" + height + "]";
  }
}
