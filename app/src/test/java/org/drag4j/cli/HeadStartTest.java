package org.drag4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Random;
import org.drag4j.edit.Picture;
import org.junit.jupiter.api.Test;

class HeadStartTest {
  /** What goes wrong on its thread is not told anybody. */
  @Test
  void itsDocumentAndItsPictureAreGood() throws Exception {
    byte[] rgb = new byte[16 * 16 * 3];
    new Random(2).nextBytes(rgb);
    var picture = Picture.of(16, 16, rgb);
    assertEquals(picture, HeadStart.preview(picture));
  }
}
