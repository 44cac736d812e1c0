package org.drag4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.stream.IntStream;
import org.drag4j.edit.Picture;
import org.junit.jupiter.api.Test;

class ContactSheetTest {
  private static final int SIDE = 64;
  private static final int GAP = 8;
  private static final int LINE = 15;

  private static Picture sheet(int cells, String label) {
    var picture = Picture.of(SIDE, SIDE, new byte[SIDE * SIDE * 3]);
    return ContactSheet.of(
        IntStream.range(0, cells).mapToObj(_ -> new ContactSheet.Cell(label, picture)).toList());
  }

  @Test
  void asHighAsItsLabelsNeed() {
    for (int lines : List.of(1, 3)) {
      var sheet = sheet(5, "wwwwwwww ".repeat(lines).strip());
      assertEquals(GAP + 3 * (SIDE + GAP), sheet.width());
      assertEquals(GAP + 2 * (SIDE + lines * LINE + GAP), sheet.height());
    }
    // What is longer than four lines is cut.
    assertEquals(GAP + SIDE + 4 * LINE + GAP, sheet(1, "wwwwwwww ".repeat(9)).height());
  }
}
