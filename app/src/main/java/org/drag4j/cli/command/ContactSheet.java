package org.drag4j.cli.command;

import java.awt.Color;
import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.drag4j.geometry.Drawing;
import org.drag4j.geometry.Frame;
import org.drag4j.geometry.RegionMask;
import org.drag4j.geometry.View;
import org.drag4j.picture.Picture;

/** Pictures in rows and columns on white, each with a line or two of text below. */
final class ContactSheet {
  private static final int SIDE = 256;
  private static final int GAP = 8;
  private static final int LINE = 15;
  private static final int MAX_LINES = 4;
  private static final Font FONT = new Font(Font.SANS_SERIF, Font.PLAIN, 12);

  private ContactSheet() {}

  /** One picture and what is said of it. */
  record Cell(String label, Picture picture) {
    /** A part of a picture. */
    static Cell of(String label, Picture picture, View part) {
      return new Cell(
          label, picture.cropped(part.x(), part.y(), part.windowWidth(), part.windowHeight()));
    }
  }

  /**
   * The part of their picture that is worth showing of these drawings: where something is taken
   * from or goes to in any of them, and what is around; all of it where it is small.
   */
  static View part(List<Drawing> drawings) {
    var touched = drawings.stream().map(Drawing::touched).reduce(RegionMask::union).orElseThrow();
    return Frame.around(touched, SIDE, 1).working();
  }

  /** The sheet, about as wide as high; larger pictures are reduced. */
  static Picture of(List<Cell> cells) {
    int columns = (int) Math.ceil(Math.sqrt(cells.size()));
    int rows = (cells.size() + columns - 1) / columns;
    var thumbnails = cells.stream().map(cell -> thumbnail(cell.picture())).toList();
    int width = thumbnails.stream().mapToInt(Picture::width).max().orElse(1);
    int height = thumbnails.stream().mapToInt(Picture::height).max().orElse(1);
    // Pictures are worth showing without words, too.
    var metrics = metrics();
    var labels =
        cells.stream()
            .map(cell -> metrics.map(m -> lines(m, cell.label(), width)).orElse(List.of()))
            .toList();
    int below = LINE * labels.stream().mapToInt(List::size).max().orElse(0);
    var sheet =
        new BufferedImage(
            GAP + columns * (width + GAP),
            GAP + rows * (height + below + GAP),
            BufferedImage.TYPE_3BYTE_BGR);
    Graphics2D g = sheet.createGraphics();
    g.setColor(Color.WHITE);
    g.fillRect(0, 0, sheet.getWidth(), sheet.getHeight());
    g.setColor(Color.BLACK);
    g.setRenderingHint(
        RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
    if (metrics.isPresent()) {
      g.setFont(FONT);
    }
    for (int i = 0; i < cells.size(); i++) {
      int x = GAP + i % columns * (width + GAP);
      int y = GAP + i / columns * (height + below + GAP);
      var picture = thumbnails.get(i);
      for (int at = 0; at < picture.width() * picture.height(); at++) {
        int px = at % picture.width();
        int py = at / picture.width();
        int rgb =
            (picture.level(px, py, 0) << 16)
                | (picture.level(px, py, 1) << 8)
                | picture.level(px, py, 2);
        sheet.setRGB(x + px, y + py, rgb);
      }
      var lines = labels.get(i);
      for (int k = 0; k < lines.size(); k++) {
        g.drawString(lines.get(k), x, y + height + LINE * (k + 1) - 3);
      }
    }
    g.dispose();
    byte[] bytes = new byte[sheet.getWidth() * sheet.getHeight() * 3];
    for (int i = 0; i < bytes.length; i += 3) {
      int rgb = sheet.getRGB(i / 3 % sheet.getWidth(), i / 3 / sheet.getWidth());
      bytes[i] = (byte) (rgb >> 16);
      bytes[i + 1] = (byte) (rgb >> 8);
      bytes[i + 2] = (byte) rgb;
    }
    return Picture.of(sheet.getWidth(), sheet.getHeight(), bytes);
  }

  private static Picture thumbnail(Picture picture) {
    double scale = Math.min(1, (double) SIDE / Math.max(picture.width(), picture.height()));
    return picture
        .onWhite()
        .resized(
            Math.max(1, (int) (picture.width() * scale)),
            Math.max(1, (int) (picture.height() * scale)));
  }

  /** The font's sizes; empty where a machine has no font at all, which Java fails at. */
  private static Optional<FontMetrics> metrics() {
    var g = new BufferedImage(1, 1, BufferedImage.TYPE_3BYTE_BGR).createGraphics();
    try {
      var metrics = g.getFontMetrics(FONT);
      return metrics.getHeight() > 0 ? Optional.of(metrics) : Optional.empty();
    } catch (RuntimeException | LinkageError | InternalError e) {
      return Optional.empty();
    } finally {
      g.dispose();
    }
  }

  /** Words in as few lines as they fit in, the rest left out. */
  private static List<String> lines(FontMetrics metrics, String label, int width) {
    var lines = new ArrayList<String>();
    String line = "";
    for (String word : label.split(" ", -1)) {
      String longer = line.isEmpty() ? word : line + " " + word;
      if (!line.isEmpty() && metrics.stringWidth(longer) > width) {
        lines.add(line);
        line = word;
      } else {
        line = longer;
      }
    }
    lines.add(line);
    return lines.subList(0, Math.min(lines.size(), MAX_LINES));
  }
}
