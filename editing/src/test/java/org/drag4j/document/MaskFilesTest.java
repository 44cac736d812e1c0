package org.drag4j.document;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.drag4j.geometry.Area;
import org.drag4j.geometry.RegionMask;
import org.drag4j.picture.Picture;
import org.drag4j.picture.PictureException;
import org.drag4j.picture.PictureFiles;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MaskFilesTest {
  @TempDir Path folder = Path.of("");

  @Test
  void readsMasks() throws Exception {
    var file = folder.resolve("a.png");
    byte[] rgb = new byte[] {127, 127, 127, (byte) 128, (byte) 128, (byte) 128, 0, -1, 0};
    PictureFiles.writePng(Picture.of(3, 1, rgb), file);
    var mask = MaskFiles.read(file, _ -> {});
    assertFalse(mask.get(0, 0));
    assertTrue(mask.get(1, 0));
    assertTrue(mask.get(2, 0));
    assertEquals(mask, MaskFiles.in(folder, _ -> {}).read("a.png"));
  }

  /** A mask of one row: red, green, blue and opacity of each pixel; which of them are set. */
  private String set(int... rgba) throws IOException {
    int width = rgba.length / 4;
    byte[] rgb = new byte[3 * width];
    byte[] alpha = new byte[width];
    for (int i = 0; i < width; i++) {
      for (int c = 0; c < 3; c++) {
        rgb[3 * i + c] = (byte) rgba[4 * i + c];
      }
      alpha[i] = (byte) rgba[4 * i + 3];
    }
    var file = folder.resolve("layer.png");
    PictureFiles.writePng(Picture.of(width, 1, rgb).withAlpha(alpha), file);
    var mask = MaskFiles.read(file, _ -> {});
    return IntStream.range(0, width)
        .mapToObj(x -> mask.get(x, 0) ? "1" : "0")
        .collect(Collectors.joining());
  }

  @Test
  void transparentIsNotSet() throws IOException {
    // White, black and grey strokes on a transparent layer, whose hidden colour is any.
    assertEquals("100", set(255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0));
    assertEquals("100", set(0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0, 0));
    assertEquals("0110", set(90, 90, 90, 0, 90, 90, 90, 255, 90, 90, 90, 128, 90, 90, 90, 127));
    // Colours of pixels that hardly show are rounded.
    assertEquals("100", set(224, 32, 32, 255, 170, 85, 0, 3, 255, 0, 0, 1));
    // Black and white, and transparent around them.
    assertEquals("1000", set(255, 255, 255, 255, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0, 0));
    assertEquals("100", set(255, 255, 255, 200, 255, 255, 255, 100, 0, 0, 0, 255));
    // A layer that is equally opaque everywhere is read by its colours.
    assertEquals("10", set(255, 255, 255, 200, 0, 0, 0, 200));
  }

  @Test
  void aMaskThatSetsNothingSaysHowBrightItIs() {
    int[][] masks = {
      {0, 0, 0, 255, 1, 1, 1, 255},
      {0, 0, 0, 255, 255, 0, 0, 255},
      {255, 255, 255, 0, 0, 0, 0, 0},
      {0, 0, 0, 255, 0, 0, 0, 255}
    };
    String[] messages = {
      "brightest value is 1; multiply its values by 255",
      "brightest value is 76; paint white what it selects",
      "brightest value is 0; paint white what it selects",
      "brightest value is 0; paint white what it selects"
    };
    for (int i = 0; i < masks.length; i++) {
      int[] mask = masks[i];
      var e = assertThrows(PictureException.class, () -> set(mask));
      var message = String.valueOf(e.getMessage());
      assertTrue(message.contains("got an empty one: its " + messages[i]), message);
    }
  }

  @Test
  void masksTravelInTheDocument() {
    byte[] values = new byte[70 * 33];
    values[0] = 1;
    values[69] = 1;
    values[1000] = 1;
    var mask = RegionMask.of(70, 33, values);
    var inline = MaskFiles.inline(new Area.Painted("mask.png", mask));
    assertTrue(inline.png().startsWith("data:image/png;base64,"));
    var source = MaskFiles.in(folder, _ -> {});
    assertEquals(mask, source.read(inline.png()));
    for (var bad : new String[] {"data:image/png;base64,%%%", "data:image/png;base64,QUJD"}) {
      var e = assertThrows(PictureException.class, () -> source.read(bad));
      assertTrue(String.valueOf(e.getMessage()).startsWith("inline mask: expected "));
    }
    assertFalse(inline.png().length() > 300);
  }
}
