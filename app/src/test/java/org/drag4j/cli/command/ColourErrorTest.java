package org.drag4j.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.drag4j.geometry.Mapping;
import org.drag4j.picture.Picture;
import org.junit.jupiter.api.Test;

class ColourErrorTest {
  @Test
  void measuresColourErrors() {
    var original = Picture.of(3, 1, new byte[] {10, 10, 10, 20, 20, 20, 40, 40, 40});
    var edited = Picture.of(3, 1, new byte[] {0, 0, 0, 13, 10, 10, 40, 40, 40});
    // Pixel 0 goes to pixel 1; an earlier pair for the same target loses.
    var mapping = Mapping.of(new int[] {2, 0}, new int[2], new int[] {1, 1}, new int[2]);
    assertEquals(new ColourError(1, 10), ColourError.of(original, edited, mapping));
  }
}
