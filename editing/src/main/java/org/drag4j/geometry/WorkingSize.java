package org.drag4j.geometry;

/**
 * Size at which a picture is edited: its own, or, where its longer side exceeds what the model was
 * trained on, scaled down to that, or scaled up where that is asked for; sides are cut to whole
 * latent cells.
 */
public record WorkingSize(int width, int height) {
  /**
   * The size for a picture.
   *
   * @param longest the model's own side, in pixels
   * @param factor pixels to a latent cell
   */
  public static WorkingSize of(int width, int height, int longest, int factor) {
    return scaled(width, height, Math.min(longest, Math.max(width, height)), factor);
  }

  /** The size at which the longer side is {@code longest}, whether that is less or more. */
  static WorkingSize scaled(int width, int height, int longest, int factor) {
    double scale = (double) longest / Math.max(width, height);
    return new WorkingSize(cut(width * scale, factor), cut(height * scale, factor));
  }

  private static int cut(double side, int factor) {
    // Rounded before it is cut: 512 scaled by a factor and its inverse must stay 512.
    return Math.max(factor, (int) Math.floor(Math.rint(side * 1024) / 1024) / factor * factor);
  }
}
