package org.drag4j.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

final class JsonTextTest {
  @Test
  void writesWhatAMapperWrites() {
    var map = new LinkedHashMap<String, Object>();
    map.put("text", "a \"quoted\" line\nand \u00fc, \u0001");
    map.put("numbers", List.of(1, 1L << 40, 0.1f, 1e-300, 2.0));
    map.put("none", Arrays.asList(null, true, false));
    map.put("empty", new LinkedHashMap<>());
    assertEquals(new JsonMapper().writeValueAsString(map), JsonText.of(map));
    assertEquals("null", JsonText.of(null));
  }

  @Test
  void refusesWhatIsNoJson() {
    assertThrows(
        IllegalArgumentException.class, () -> JsonText.of(List.of(Optional.of("a value"))));
  }
}
