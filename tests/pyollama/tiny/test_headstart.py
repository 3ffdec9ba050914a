"""The circuit laid out before training continues what it has seen once, untrained."""

import pytest

pytestmark = pytest.mark.train
torch = pytest.importorskip("torch", reason="needs the extra [train]")

from pyollama.tiny.headstart import give_head_start  # noqa: E402
from pyollama.tiny.model import Llama, LlamaConfig  # noqa: E402

N_VOCAB = 2000


def share_continued(model: Llama) -> float:
    """How often the likeliest token continues the second of two equal halves, (0 to 1)."""
    half = torch.randint(0, N_VOCAB, (4, 32), generator=torch.Generator().manual_seed(5))
    tokens = torch.cat((half, half), dim=1)
    with torch.no_grad():
        chosen = model.logits(model(tokens)).argmax(-1)
    return float((chosen[:, 33:-1] == tokens[:, 34:]).float().mean())


def test_a_model_with_a_head_start_copies_before_it_is_trained() -> None:
    torch.manual_seed(1)
    model = Llama(LlamaConfig(n_vocab=N_VOCAB))
    assert share_continued(model) < 0.05
    give_head_start(model)
    assert share_continued(model) > 0.4
