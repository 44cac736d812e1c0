package org.drag4j.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.drag4j.picture.Picture;
import org.junit.jupiter.api.Test;

class DemoCommandTest {
  @Test
  void putsPicturesSideBySide() {
    var left = Picture.of(1, 2, new byte[] {1, 1, 1, 2, 2, 2});
    var right = Picture.of(1, 2, new byte[] {3, 3, 3, 4, 4, 4});
    var both = DemoCommand.beside(left, right);
    assertEquals(10, both.width());
    assertEquals(2, both.level(0, 1, 0));
    assertEquals(255, both.level(4, 1, 0));
    assertEquals(4, both.level(9, 1, 0));
  }
}
