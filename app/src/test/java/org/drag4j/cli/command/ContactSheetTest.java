package org.drag4j.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.awt.Font;
import java.awt.image.BufferedImage;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.drag4j.cli.console.ChildProcess;
import org.drag4j.geometry.Area;
import org.drag4j.geometry.Drag;
import org.drag4j.geometry.Drawing;
import org.drag4j.geometry.View;
import org.drag4j.picture.Picture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ContactSheetTest {
  private static final int WHITE = 0xffffff;
  private static final int GAP = 8;
  private static final int LINE = 15;

  private static Picture plain(int width, int height, int rgb) {
    var bytes = new byte[width * height * 3];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (rgb >> (16 - 8 * (i % 3)));
    }
    return Picture.of(width, height, bytes);
  }

  private static int rgb(Picture picture, int x, int y) {
    return (picture.level(x, y, 0) << 16) | (picture.level(x, y, 1) << 8) | picture.level(x, y, 2);
  }

  private static Picture sheet() {
    return ContactSheet.of(
        List.of(
            new ContactSheet.Cell("one", plain(64, 32, 0xff0000)),
            new ContactSheet.Cell("two", plain(32, 64, 0x00ff00)),
            new ContactSheet.Cell("three", plain(512, 256, 0x0000ff))));
  }

  /** Two columns of the largest picture's size, reduced to 256 pixels, and two rows. */
  private static void assertPictures(Picture sheet, int text) {
    assertEquals(GAP + 2 * (256 + GAP), sheet.width());
    assertEquals(GAP + 2 * (128 + text + GAP), sheet.height());
    int right = GAP + 256 + GAP;
    int below = GAP + 128 + text + GAP;
    assertEquals(0xff0000, rgb(sheet, GAP, GAP));
    assertEquals(0xff0000, rgb(sheet, GAP + 63, GAP + 31));
    assertEquals(WHITE, rgb(sheet, GAP + 64, GAP));
    assertEquals(0x00ff00, rgb(sheet, right, GAP));
    assertEquals(WHITE, rgb(sheet, right + 32, GAP));
    assertEquals(0x0000ff, rgb(sheet, GAP, below));
    assertEquals(0x0000ff, rgb(sheet, GAP + 255, below + 127));
    assertEquals(WHITE, rgb(sheet, right, below));
  }

  /** Pixels below the first picture that are not white. */
  private static long ink(Picture sheet) {
    long ink = 0;
    for (int y = GAP + 128; y < GAP + 128 + LINE; y++) {
      for (int x = GAP; x < GAP + 256; x++) {
        ink += rgb(sheet, x, y) == WHITE ? 0 : 1;
      }
    }
    return ink;
  }

  private static boolean fonts() {
    var g = new BufferedImage(1, 1, BufferedImage.TYPE_3BYTE_BGR).createGraphics();
    try {
      g.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, 12));
      return g.getFontMetrics().getHeight() > 0;
    } catch (RuntimeException | LinkageError | InternalError e) {
      return false;
    } finally {
      g.dispose();
    }
  }

  private static Picture sheet(int cells, String label) {
    return ContactSheet.of(
        IntStream.range(0, cells)
            .mapToObj(_ -> new ContactSheet.Cell(label, plain(64, 64, 0)))
            .toList());
  }

  private static Drawing drawing(int width, int height, double fromX, double toX) {
    var handle = new Area.Rectangle(fromX, height * 0.7, 90, 90);
    var target = new Area.Rectangle(toX, height * 0.7, 90, 90);
    return Drawing.of(List.of(Drag.region(handle, target)), Optional.empty(), width, height);
  }

  /** Of a large photo the sheet shows what is edited, at its own resolution where that fits. */
  @Test
  void showsTheEditedPart() {
    var one = drawing(1600, 1000, 1200, 1100);
    var part = ContactSheet.part(List.of(one));
    // 1100 to 1291 by 700 to 791, and a quarter of the longer side around.
    assertEquals(new View(1052, 602, 287, 287, 256, 256, 256, 256), part);
    var cell = ContactSheet.Cell.of("a", plain(1600, 1000, 0), part);
    assertEquals(287, cell.picture().width());
    var several = ContactSheet.part(List.of(one, drawing(1600, 1000, 1200, 200)));
    assertTrue(several.x() <= 200 && several.x() + several.windowWidth() >= 1290, "" + several);
    // A small picture is shown whole.
    assertEquals(240, ContactSheet.part(List.of(drawing(256, 240, 9, 100))).windowHeight());
  }

  @Test
  void asHighAsItsLabelsNeed() {
    assumeTrue(fonts(), "no fonts here");
    for (int lines : List.of(1, 3)) {
      var sheet = sheet(5, "wwwwwwww ".repeat(lines).strip());
      assertEquals(GAP + 3 * (64 + GAP), sheet.width());
      assertEquals(GAP + 2 * (64 + lines * LINE + GAP), sheet.height());
    }
    // What is longer than four lines is cut.
    assertEquals(GAP + 64 + 4 * LINE + GAP, sheet(1, "wwwwwwww ".repeat(9)).height());
  }

  @Test
  void picturesInRowsWithWordsBelow() {
    assumeTrue(fonts(), "no fonts here");
    var sheet = sheet();
    assertPictures(sheet, LINE);
    assertTrue(ink(sheet) > 20, () -> ink(sheet) + " pixels of a word of three letters");
  }

  /** The program of a process whose machine has no fonts. */
  public static final class WithoutFonts {
    private WithoutFonts() {}

    public static void main(String[] args) {
      if (fonts()) {
        System.out.println("fonts");
        return;
      }
      var sheet = sheet();
      assertPictures(sheet, 0);
      System.out.println("drawn");
    }
  }

  @Test
  void aMachineWithoutFontsShowsThePictures(@TempDir Path folder) throws Exception {
    var fontconfig = folder.resolve("fonts.conf");
    Files.writeString(fontconfig, "<?xml version=\"1.0\"?>\n<fontconfig></fontconfig>\n");
    var command = new ArrayList<>(ChildProcess.java(WithoutFonts.class, List.of()));
    command.addAll(
        1,
        List.of(
            "-Djava.awt.headless=true",
            "-Duser.home=" + folder,
            "-Dsun.java2d.fontpath=" + folder));
    var builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("FONTCONFIG_FILE", fontconfig.toString());
    var process = builder.start();
    var out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), out);
    var last = Arrays.asList(out.strip().split("\\R", -1)).getLast();
    assumeTrue(!last.equals("fonts"), "this system's fonts cannot be hidden from Java");
    assertEquals("drawn", last, out);
  }
}
