export const ATTACKER = '127.0.0.1'
export const SHOP = '127.1.0.1'
