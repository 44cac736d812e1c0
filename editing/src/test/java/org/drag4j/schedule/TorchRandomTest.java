package org.drag4j.schedule;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Locale;
import org.drag4j.recording.Recording;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TorchRandomTest {
  private static final Recording RECORDING = Recording.of("regiondrag.safetensors");

  @ParameterizedTest
  @ValueSource(strings = {"cte", "arrows", "small"})
  void everyRecordedTensorIsDrawnBitForBit(String tag) {
    TorchRandom random = TorchRandom.seeded(42);
    int drawn = 0;
    for (; ; drawn++) {
      String prefix = String.format(Locale.ROOT, "%s.noise.%02d.", tag, drawn);
      String name = prefix + (RECORDING.has(prefix + "posterior") ? "posterior" : "randn_like");
      if (!RECORDING.has(name)) {
        break;
      }
      float[] recorded = RECORDING.floats(name);
      assertEquals(0, Distance.differingBits(recorded, random.randn(recorded.length)), name);
    }
    assertTrue(drawn >= 4, tag);
  }

  @Test
  void aStateGoesOnWhereItWasTaken() {
    for (int drawn : new int[] {0, 1, 5, 40, 700}) {
      var random = TorchRandom.seeded(11);
      random.randn(drawn);
      int[] state = random.state();
      var again = TorchRandom.ofState(state);
      assertArrayEquals(random.randn(3), again.randn(3), drawn + " drawn");
      assertArrayEquals(random.randn(1000), again.randn(1000), drawn + " drawn");
      assertArrayEquals(random.state(), again.state());
      state[TorchRandom.STATE - 4] = 625;
      assertThrows(IllegalArgumentException.class, () -> TorchRandom.ofState(state));
    }
    assertThrows(IllegalArgumentException.class, () -> TorchRandom.ofState(new int[3]));
  }

  @Test
  void theTailIsDrawnAnewAndTheCacheSurvives() {
    // A long tensor with a ragged end differs from the same count of short ones.
    TorchRandom a = TorchRandom.seeded(7);
    float[] first = a.randn(1);
    float[] block = a.randn(24);
    float[] twin = a.randn(1);
    TorchRandom b = TorchRandom.seeded(7);
    assertArrayEquals(new float[] {first[0], twin[0]}, b.randn(2));
    assertEquals(0, Distance.differingBits(block, b.randn(24)));
    TorchRandom c = TorchRandom.seeded(7);
    c.randn(2);
    float[] whole = c.randn(32);
    assertEquals(block[0], whole[0]);
    assertTrue(block[20] != whole[20]);
  }

  @Test
  void onlyTheLowBitsOfTheSeedCount() {
    assertArrayEquals(
        TorchRandom.seeded(5).randn(40), TorchRandom.seeded(5 + (3L << 32)).randn(40));
    assertTrue(TorchRandom.seeded(5).randn(1)[0] != TorchRandom.seeded(6).randn(1)[0]);
    assertEquals(0, TorchRandom.seeded(5).randn(0).length);
    assertThrows(IllegalArgumentException.class, () -> TorchRandom.seeded(5).randn(-1));
  }

  @Test
  void aCopyGoesOnAlike() {
    var random = TorchRandom.seeded(7);
    random.randn(1000);
    random.randn(3);
    var copy = random.copy();
    assertArrayEquals(random.randn(5), copy.randn(5));
    assertArrayEquals(random.randn(700), copy.randn(700));
  }
}
