package org.drag4j.picture;

/**
 * How a camera was held, as Exif counts it (tag 274): the stored picture must be flipped and turned
 * to stand upright.
 *
 * @param number 1 to 8; 1 is upright
 */
record Orientation(int number) {
  static final Orientation UPRIGHT = new Orientation(1);

  Orientation {
    number = number >= 1 && number <= 8 ? number : 1;
  }

  /** Whether a picture that stands upright is as wide as the stored one is high. */
  boolean turns() {
    return number >= 5;
  }

  /** The stored picture, upright. */
  Picture upright(Picture stored) {
    if (number == 1) {
      return stored;
    }
    boolean turned = turns();
    int width = turned ? stored.height() : stored.width();
    int height = turned ? stored.width() : stored.height();
    byte[] from = stored.rgb();
    byte[] fromAlpha = stored.isOpaque() ? new byte[0] : stored.alpha();
    byte[] to = new byte[from.length];
    byte[] toAlpha = new byte[fromAlpha.length];
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        int flippedX = width - 1 - x;
        int flippedY = height - 1 - y;
        // Where in the stored picture the upright pixel (x, y) comes from.
        int column =
            switch (number) {
              case 2, 3 -> flippedX;
              case 5, 6 -> y;
              case 7, 8 -> flippedY;
              default -> x;
            };
        int row =
            switch (number) {
              case 3, 4 -> flippedY;
              case 5, 8 -> x;
              case 6, 7 -> flippedX;
              default -> y;
            };
        int source = row * stored.width() + column;
        int target = y * width + x;
        System.arraycopy(from, source * 3, to, target * 3, 3);
        if (toAlpha.length > 0) {
          toAlpha[target] = fromAlpha[source];
        }
      }
    }
    var picture = Picture.of(width, height, to);
    return toAlpha.length > 0 ? picture.withAlpha(toAlpha) : picture;
  }
}
