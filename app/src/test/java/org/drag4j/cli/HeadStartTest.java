package org.drag4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import java.util.Random;
import org.drag4j.cli.option.EngineOptions;
import org.drag4j.picture.Picture;
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

  @Test
  void takesTheUsualDeviceForGrantedOnlyWhereNothingNamesAnother() {
    assertTrue(EngineOptions.isUsual(Map.of("HOME", "x"), "edit", "a.json", "--seed", "1"));
    assertTrue(EngineOptions.isUsual(Map.of("DRAG4J_MODEL", "x"), "demo"));
    assertFalse(EngineOptions.isUsual(Map.of("DRAG4J_DEVICE", "cuda"), "demo"));
    assertFalse(EngineOptions.isUsual(Map.of("DRAG4J_CPU_VECTOR", "256"), "demo"));
    assertFalse(EngineOptions.isUsual(Map.of(), "demo", "--device", "cuda:0"));
    assertFalse(EngineOptions.isUsual(Map.of(), "demo", "--threads=1"));
    assertFalse(EngineOptions.isUsual(Map.of(), "demo", "@flags"));
  }
}
