package org.drag4j.picture;

import java.awt.image.BufferedImage;
import java.util.Arrays;

/** An immutable picture of 8 bits of red, green and blue a pixel, and perhaps of opacity. */
public final class Picture {
  private static final int CHANNELS = 3;
  private static final byte[] OPAQUE = {};
  private static final int MAX_PIXELS = Integer.MAX_VALUE / CHANNELS;

  private final int width;
  private final int height;
  private final byte[] rgb;

  /** One a pixel; none where all is opaque. */
  private final byte[] alpha;

  private Picture(int width, int height, byte[] rgb, byte[] alpha) {
    this.width = width;
    this.height = height;
    this.rgb = rgb;
    this.alpha = alpha;
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
    return new Picture(width, height, rgb, OPAQUE);
  }

  /**
   * A copy of a picture of Java's, its colours converted to sRGB.
   *
   * @throws IllegalArgumentException if it is too large
   */
  public static Picture of(BufferedImage image) {
    int w = image.getWidth();
    int h = image.getHeight();
    if ((long) w * h > MAX_PIXELS) {
      throw new IllegalArgumentException(
          "picture: expected at most "
              + MAX_PIXELS
              + " pixels, got "
              + w
              + "x"
              + h
              + "; reduce it");
    }
    byte[] rgb = new byte[w * h * CHANNELS];
    byte[] opacities = new byte[w * h];
    int[] row = new int[w];
    for (int at = 0; at < opacities.length; at++) {
      if (at % w == 0) {
        image.getRGB(0, at / w, w, 1, row, 0, w);
      }
      int argb = row[at % w];
      opacities[at] = (byte) (argb >>> 24);
      rgb[at * CHANNELS] = (byte) (argb >> 16);
      rgb[at * CHANNELS + 1] = (byte) (argb >> 8);
      rgb[at * CHANNELS + 2] = (byte) argb;
    }
    return of(w, h, rgb).withAlpha(opacities);
  }

  /** A copy as a picture of Java's: {@code TYPE_INT_RGB}, or {@code TYPE_INT_ARGB} with opacity. */
  public BufferedImage toImage() {
    var image =
        new BufferedImage(
            width, height, isOpaque() ? BufferedImage.TYPE_INT_RGB : BufferedImage.TYPE_INT_ARGB);
    int[] row = new int[width];
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        int opacity = isOpaque() ? 255 : alpha[y * width + x] & 0xff;
        row[x] = opacity << 24 | level(x, y, 0) << 16 | level(x, y, 1) << 8 | level(x, y, 2);
      }
      image.setRGB(0, y, width, 1, row, 0, width);
    }
    return image;
  }

  /**
   * The same with these opacities, which are not copied and must not change any more; its colours
   * are those that the opacity is still to be applied to.
   *
   * @param opacities {@code [height, width]}, 0 for transparent to 255 for opaque
   * @throws IllegalArgumentException if the sizes disagree
   */
  public Picture withAlpha(byte[] opacities) {
    if (opacities.length != width * height) {
      throw new IllegalArgumentException(
          "picture: expected "
              + width
              + "x"
              + height
              + " opacities, got "
              + opacities.length
              + "; give one for each pixel");
    }
    boolean opaque = true;
    for (byte opacity : opacities) {
      opaque &= opacity == -1;
    }
    return new Picture(width, height, rgb, opaque ? OPAQUE : opacities);
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
      rgb[i] = (byte) (int) (Levels.level(values[i]) + add);
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

  /** Whether every pixel is opaque. */
  public boolean isOpaque() {
    return alpha.length == 0;
  }

  /** A copy of the opacities, {@code [height, width]}; of 255 alone where all is opaque. */
  public byte[] alpha() {
    if (isOpaque()) {
      byte[] all = new byte[width * height];
      Arrays.fill(all, (byte) -1);
      return all;
    }
    return alpha.clone();
  }

  /** This picture laid on white: opaque. */
  public Picture onWhite() {
    if (isOpaque()) {
      return this;
    }
    byte[] laid = new byte[rgb.length];
    for (int i = 0; i < rgb.length; i++) {
      int opacity = alpha[i / CHANNELS] & 0xff;
      laid[i] = (byte) (((rgb[i] & 0xff) * opacity + 255 * (255 - opacity) + 127) / 255);
    }
    return of(width, height, laid);
  }

  /**
   * The picture of these opacities that looks like this one on white, as nearly as there is one.
   * Where nothing shows, the colour stays this picture's.
   *
   * @param opacities {@code [height, width]}
   */
  public Picture liftedOffWhite(byte[] opacities) {
    byte[] lifted = new byte[rgb.length];
    for (int i = 0; i < rgb.length; i++) {
      int opacity = opacities[i / CHANNELS] & 0xff;
      int level = rgb[i] & 0xff;
      lifted[i] =
          opacity == 0
              ? rgb[i]
              : (byte) Math.clamp(Math.round(255 - (255 - level) * 255.0 / opacity), 0, 255);
    }
    return of(width, height, lifted).withAlpha(opacities);
  }

  /**
   * A window of this picture.
   *
   * @throws IllegalArgumentException if it leaves the picture
   */
  public Picture cropped(int x, int y, int windowWidth, int windowHeight) {
    if (x == 0 && y == 0 && windowWidth == width && windowHeight == height) {
      return this;
    }
    if (x < 0
        || y < 0
        || windowWidth < 1
        || windowHeight < 1
        || windowWidth > width - x
        || windowHeight > height - y) {
      throw new IllegalArgumentException(
          "picture: expected a window inside "
              + width
              + "x"
              + height
              + ", got "
              + windowWidth
              + "x"
              + windowHeight
              + " at ("
              + x
              + ", "
              + y
              + "); move it");
    }
    byte[] cut = new byte[windowWidth * windowHeight * CHANNELS];
    byte[] opacities = new byte[isOpaque() ? 0 : windowWidth * windowHeight];
    for (int row = 0; row < windowHeight; row++) {
      int from = (y + row) * width + x;
      int to = row * windowWidth;
      System.arraycopy(rgb, from * CHANNELS, cut, to * CHANNELS, windowWidth * CHANNELS);
      if (!isOpaque()) {
        System.arraycopy(alpha, from, opacities, to, windowWidth);
      }
    }
    var picture = of(windowWidth, windowHeight, cut);
    return isOpaque() ? picture : picture.withAlpha(opacities);
  }

  /**
   * The values an encoder takes, laid on white: {@code [height, width, 3]}, -1 for black to 1 for
   * white.
   */
  public float[] toModel() {
    if (!isOpaque()) {
      return onWhite().toModel();
    }
    float[] values = new float[rgb.length];
    for (int i = 0; i < rgb.length; i++) {
      values[i] = (rgb[i] & 0xff) / 255f * 2f - 1f;
    }
    return values;
  }

  /**
   * This picture at another size: along each side the mean of the area a new pixel covers where it
   * shrinks, linear interpolation between pixel centres where it grows. What is transparent is laid
   * on white.
   */
  public Picture resized(int newWidth, int newHeight) {
    if (!isOpaque()) {
      return onWhite().resized(newWidth, newHeight);
    }
    if (newWidth == width && newHeight == height) {
      return this;
    }
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
    int length = width * CHANNELS;
    Resampling.run(
        width,
        height,
        CHANNELS,
        (row, weight, to) -> {
          for (int i = 0; i < length; i++) {
            to[i] += weight * (rgb[row * length + i] & 0xff);
          }
        },
        newWidth,
        newHeight,
        (row, from) -> {
          for (int i = 0; i < from.length; i++) {
            out[row * from.length + i] = (byte) (int) (from[i] + 0.5);
          }
        });
    return of(newWidth, newHeight, out);
  }

  /**
   * This picture where {@code inside}, {@code outside} everywhere else.
   *
   * @throws IllegalArgumentException if the sizes differ
   */
  public Picture composite(PixelMask inside, Picture outside) {
    requireSize(outside.width, outside.height);
    return outside.with(this, 0, 0, inside, 0);
  }

  /**
   * This picture with a patch in its place, and unchanged bit for bit everywhere else.
   *
   * @param patch its top left corner goes to ({@code x}, {@code y}); it does not leave this picture
   */
  public Picture with(Picture patch, int x, int y) {
    byte[] out = rgb.clone();
    boolean opaque = isOpaque() && patch.isOpaque();
    byte[] opacities = opaque ? OPAQUE : alpha();
    byte[] patched = opaque ? OPAQUE : patch.alpha();
    for (int line = 0; line < patch.height; line++) {
      int from = line * patch.width;
      int to = (y + line) * width + x;
      System.arraycopy(patch.rgb, from * CHANNELS, out, to * CHANNELS, patch.width * CHANNELS);
      if (!opaque) {
        System.arraycopy(patched, from, opacities, to, patch.width);
      }
    }
    var picture = of(width, height, out);
    return opaque ? picture : picture.withAlpha(opacities);
  }

  /**
   * This picture with a patch where {@code inside}, and unchanged bit for bit everywhere else.
   *
   * @param patch its top left corner goes to ({@code x}, {@code y}); it does not leave this picture
   * @param inside as large as the patch
   * @param feather over how many pixels inside its border the patch fades in
   * @throws IllegalArgumentException if the sizes differ
   */
  public Picture with(Picture patch, int x, int y, PixelMask inside, int feather) {
    patch.requireSize(inside.width(), inside.height());
    byte[] out = rgb.clone();
    boolean opaque = isOpaque() && patch.isOpaque();
    byte[] opacities = opaque ? OPAQUE : alpha();
    byte[] patched = opaque ? OPAQUE : patch.alpha();
    float[] depth = feather == 0 ? new float[0] : inside.depth(feather + 1);
    for (int at = inside.next(0); at >= 0; at = inside.next(at + 1)) {
      int to = (y + at / patch.width) * width + x + at % patch.width;
      float share = feather == 0 ? 1 : Math.min(1, depth[at] / (feather + 1));
      for (int c = 0; c < CHANNELS; c++) {
        out[to * CHANNELS + c] = mixed(rgb[to * CHANNELS + c], patch.rgb[at * CHANNELS + c], share);
      }
      if (!opaque) {
        opacities[to] = mixed(opacities[to], patched[at], share);
      }
    }
    var picture = of(width, height, out);
    return opaque ? picture : picture.withAlpha(opacities);
  }

  private static byte mixed(byte old, byte fresh, float share) {
    return share == 1
        ? fresh
        : (byte) Math.round((old & 0xff) + share * ((fresh & 0xff) - (old & 0xff)));
  }

  /**
   * Mean absolute difference in levels from a picture of the same size where {@code except} is not
   * set; 0 where it is set everywhere.
   */
  public double difference(Picture other, PixelMask except) {
    requireSize(other.width, other.height);
    requireSize(except.width(), except.height());
    long sum = 0;
    long count = 0;
    for (int i = 0; i < rgb.length; i++) {
      int pixel = i / CHANNELS;
      if (!except.get(pixel % width, pixel / width)) {
        sum += Math.abs((rgb[i] & 0xff) - (other.rgb[i] & 0xff));
        count++;
      }
    }
    return count == 0 ? 0 : (double) sum / count;
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
        && Arrays.equals(rgb, that.rgb)
        && Arrays.equals(alpha, that.alpha);
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
