package org.drag4j.document;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
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
